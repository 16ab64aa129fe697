"""The production store on SQLite without aiosqlite's thread, so that a seed gives the same history every time.

All else is production: the statements, the migrations, the rows, the transactions. A disk outlives the processes
that use it. What becomes of a process can happen before a transaction and behind it, and never inside.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar, cast

from calsync.store import SqliteStore
from calsync.store.connection import Connection
from calsync.store.migrate import migrate, migrations

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.store.connection import Database, Work

T = TypeVar("T")
LOCKED: ContextVar[Callable[[], bool]] = ContextVar("locked", default=lambda: False)
"""Tells whether this task finds the database locked by another program."""


class InThread:
    """What `Connection` asks of its database, carried out in one step of the process."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw

    async def call(self, work: Work[T]) -> T:
        await asyncio.sleep(0)  # killed here, nothing has happened
        if LOCKED.get()():
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY
            raise error
        result = work(self._raw)
        await asyncio.sleep(0)  # killed here, all of it is kept, and nobody was told
        return result

    async def close(self) -> None:
        """The disk closes what it opened."""


class Disk:
    """One database. Each process that opens it has a connection of its own."""

    def __init__(self, path: str = ":memory:") -> None:
        """A database that two processes share needs a file; `path` is then on a disk in memory."""
        self._path = path
        self._raws: list[sqlite3.Connection] = []

    def connect(self) -> sqlite3.Connection:
        """Return a connection for one process; in memory there is one, which lives on."""
        if self._raws and self._path == ":memory:":
            return self._raws[0]
        raw = sqlite3.connect(self._path, isolation_level=None, timeout=0)
        raw.row_factory = sqlite3.Row
        raw.execute("PRAGMA foreign_keys = ON")
        raw.execute("PRAGMA synchronous = OFF")
        self._raws.append(raw)
        return raw

    def snapshot(self) -> bytes:
        """Return a copy of what is committed."""
        return self._raws[0].serialize()

    def restore(self, snapshot: bytes) -> None:
        """Put an old copy in place of the database. No process may have it open."""
        self.close()  # what it had prepared belongs to the database that was there
        self.connect().deserialize(snapshot)

    def close(self) -> None:
        for raw in self._raws:
            raw.close()
        self._raws.clear()


async def open_store(raw: sqlite3.Connection) -> SqliteStore:
    """Open the store as one process does."""
    connection = Connection(cast("Database", InThread(raw)), "simulation")
    await migrate(connection, migrations())
    return SqliteStore(connection, connection)
