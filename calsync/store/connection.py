"""One connection to the database, and the discipline of its transactions.

A transaction is one function that is called in the connection's thread, from BEGIN to COMMIT or ROLLBACK. So a
coroutine that is cancelled cannot leave one open, and no other one can write in between.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import aiosqlite

from calsync.store.failures import told

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine, Mapping

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
"""What a transaction does. It runs in another thread, so it touches nothing that changes meanwhile."""


class Database(aiosqlite.Connection):
    """A database whose thread runs whole functions."""

    async def call(self, work: Work[T]) -> T:
        """Return what `work` returns, called in the thread of the connection."""
        # aiosqlite offers single statements only, each of which waits for a turn of the event loop. Its own
        # methods are made of `_execute`, which has no types.
        result: T = await self._execute(work, self._conn)  # type: ignore[no-untyped-call]
        return result


class Connection:
    """Errors of SQLite come out as StoreError."""

    def __init__(self, database: Database, place: str) -> None:
        """`place` names the database in messages."""
        self.place = place
        self._database = database

    def transaction(self, mode: Literal["IMMEDIATE", "DEFERRED"], work: Work[T]) -> Awaitable[T]:
        """Commit what `work` does and return its result; where anything raises, roll all of it back.

        Transactions follow each other. One that has been asked for is waited for, however often the task is
        cancelled meanwhile.
        """
        return self.call(partial(transaction, mode, work))

    def call(self, work: Work[T]) -> Awaitable[T]:
        """Return what `work` returns, which is called outside of any transaction."""
        return self._settled(self._database.call(work))

    async def back_up(self, source: Database) -> None:
        """Replace the whole database by a copy of another. Nothing else may use it meanwhile."""
        await self._settled(source.backup(self._database))

    async def close(self) -> None:
        await self._settled(self._database.close())

    async def _settled(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return await settled(work)
        except sqlite3.Error as error:
            raise told(self.place, error) from error


def fetch(database: sqlite3.Connection, sql: str, values: Mapping[str, Any]) -> list[sqlite3.Row]:
    """Return what a statement finds."""
    return database.execute(sql, values).fetchall()


def transaction(mode: str, work: Work[T], database: sqlite3.Connection) -> T:
    """Do what `Connection.transaction` does, in the connection's thread."""
    try:
        database.execute(f"BEGIN {mode}")
        result = work(database)
        database.execute("COMMIT")
    except BaseException:
        # Does nothing where SQLite has rolled back by itself, as it does when the disk is full.
        database.rollback()
        raise
    return result


class _Determined(asyncio.Task[T]):
    """A task that comes to its end. Whoever awaits it learns of a cancellation only then."""

    def cancel(self, msg: Any | None = None) -> bool:
        """Refuse; the task that awaits this one is cancelled when it goes on."""
        del msg
        return False


async def settled(work: Coroutine[Any, Any, T]) -> T:
    """Wait for `work` to its end, also while this task is cancelled; only then let the cancellation through."""
    task = _Determined(work, loop=asyncio.get_running_loop())
    try:
        return await task
    except asyncio.CancelledError as cancelled:
        raise cancelled from task.exception()
