"""The real store's SQL without aiosqlite's thread, so that a seed gives the same history every time."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, TypeVar, cast

from calsync.store import SqliteStore
from calsync.store.connection import Connection
from calsync.store.migrate import migrate, migrations

if TYPE_CHECKING:
    from calsync.records import Lease
    from calsync.store.connection import Database, Work

T = TypeVar("T")


class InThread:
    """What `Connection` asks of its database, carried out at once."""

    def __init__(self) -> None:
        self._raw = sqlite3.connect(":memory:", isolation_level=None)
        self._raw.row_factory = sqlite3.Row
        self._raw.execute("PRAGMA foreign_keys = ON")

    async def call(self, work: Work[T]) -> T:
        return work(self._raw)

    async def close(self) -> None:
        self._raw.close()


class MortalStore(SqliteStore):
    """A store whose process may be killed: its lease is then not given back."""

    killed = False

    async def release(self, lease: Lease) -> None:
        if not self.killed:
            await super().release(lease)


async def open_store() -> MortalStore:
    """Return an empty store."""
    connection = Connection(cast("Database", InThread()), "simulation")
    await migrate(connection, migrations())
    return MortalStore(connection, connection)
