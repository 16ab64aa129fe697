"""The store that a configuration names. Only one on PostgreSQL needs its driver."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from calsync.errors import ConfigError
from calsync.store.place import SqlitePlace

if TYPE_CHECKING:
    from calsync.config import Service
    from calsync.store.place import Place
    from calsync.store.postgresql.place import PostgresPlace


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
