"""One connection to an SQLite file, in a thread of its own, and the discipline of its transactions."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import aiosqlite

from calsync.store.connection import Connection, settled
from calsync.store.failures import told

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine
    from typing import Any

    from calsync.store.connection import Database, Work

T = TypeVar("T")


class Threaded(aiosqlite.Connection):
    """A database whose thread runs whole functions."""

    async def call(self, work: Work[T]) -> T:
        """Return what `work` returns, called in the thread of the connection."""
        # aiosqlite offers single statements only, each of which waits for a turn of the event loop. Its own
        # methods are made of `_execute`, which has no types. Its thread keeps what it returned last until it is
        # asked the next time, so it returns nothing.
        results: list[T] = []
        await self._execute(lambda: results.append(work(self._conn)))  # type: ignore[no-untyped-call]
        return results.pop()


class SqliteConnection(Connection):
    """Whoever writes has the whole file for itself, whatever it is about."""

    def __init__(self, database: Threaded, place: str) -> None:
        self.place = place
        self._database = database

    def write(self, work: Work[T], about: str | None = None) -> Awaitable[T]:
        del about
        return self.call(partial(transaction, "IMMEDIATE", work))

    def read(self, work: Work[T]) -> Awaitable[T]:
        return self.call(partial(transaction, "DEFERRED", work))

    def call(self, work: Work[T]) -> Awaitable[T]:
        return self._settled(self._database.call(work))

    async def back_up(self, source: Threaded) -> None:
        """Replace the whole database by a copy of another. Nothing else may use it meanwhile."""
        await self._settled(source.backup(self._database))

    async def close(self) -> None:
        await self._settled(self._database.close())

    async def _settled(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return await settled(work)
        except sqlite3.Error as error:
            raise told(self.place, error) from error


def transaction(mode: str, work: Work[T], database: Database) -> T:
    """Do what `write` (IMMEDIATE) and `read` (DEFERRED) do, in the connection's thread."""
    try:
        database.execute(f"BEGIN {mode}")
        result = work(database)
        database.execute("COMMIT")
    except BaseException:
        # Does nothing where SQLite has rolled back by itself, as it does when the disk is full.
        database.rollback()
        raise
    return result
