"""The store that a configuration names, and the queue beside it. Only what is on PostgreSQL needs its driver."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from calsync.errors import ConfigError
from calsync.store.place import SqlitePlace

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from calsync.config import Service
    from calsync.ports import Clock
    from calsync.store.place import Place
    from calsync.store.postgresql.place import PostgresPlace
    from calsync.workers.queue import Queue


def store_of(service: Service) -> Place:
    """Return the place of the store. Raises ConfigError where its driver is not installed."""
    return SqlitePlace(service.store) if service.database is None else postgres_of(service)


def postgres_of(service: Service) -> PostgresPlace:
    """Return the place of a store on PostgreSQL. Raises ConfigError where its driver is not installed."""
    if find_spec("psycopg") is None:
        raise ConfigError(["service.store: PostgreSQL needs a driver; pip install 'calsync[postgres]'"])
    from calsync.store.postgresql.place import PostgresPlace  # noqa: PLC0415 - see above

    if service.database is None:
        raise ConfigError(["service.store: it is no store on PostgreSQL"])
    return PostgresPlace(service.database, service.store)


def queue_of(service: Service, clock: Clock) -> AbstractAsyncContextManager[Queue]:
    """Return the queue beside the store. Raises ConfigError for a file, and where the queue is not installed."""
    if service.database is None:
        raise ConfigError(["service.store: workers share a store on PostgreSQL; this one is a file"])
    if find_spec("procrastinate") is None or find_spec("psycopg") is None:
        raise ConfigError(["workers need Procrastinate and a driver; pip install 'calsync[postgres]'"])
    from calsync.workers.queue import Queue  # noqa: PLC0415 - see above

    return Queue.open(service.database, clock)
