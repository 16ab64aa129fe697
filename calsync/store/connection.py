"""One connection to the database, and the discipline of its transactions.

A coroutine that is cancelled between BEGIN and COMMIT, or a second one that writes in between, would leave a
transaction open or roll back another's rows. So a lock is held from BEGIN to COMMIT or ROLLBACK, and these three
are always waited for, however often the task is cancelled meanwhile.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from calsync.errors import StoreError
from calsync.store.failures import translated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Coroutine, Mapping, Sequence

    import aiosqlite

T = TypeVar("T")


class Connection:
    """Statements run inside `transaction` only. Errors of SQLite come out as StoreError."""

    def __init__(self, raw: aiosqlite.Connection, place: str) -> None:
        """`place` names the database in messages."""
        self.place = place
        self._raw = raw
        self._lock = asyncio.Lock()
        self._failed = False

    async def fetch(self, sql: str, values: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        return [dict(row) for row in await self._run(self._raw.execute_fetchall(sql, values))]

    async def execute(self, sql: str, values: Mapping[str, Any]) -> int:
        """Run one statement; return how many rows it changed."""
        cursor = await self._run(self._raw.execute(sql, values))
        return cursor.rowcount

    async def execute_many(self, sql: str, batch: Sequence[Mapping[str, Any]]) -> None:
        if batch:
            await self._run(self._raw.executemany(sql, batch))

    @asynccontextmanager
    async def transaction(self, mode: Literal["IMMEDIATE", "DEFERRED"]) -> AsyncIterator[None]:
        """Commit on a normal exit, roll back on every other.

        One statement that fails ends the whole transaction, even where its error is caught inside: a part of its
        batch may be in.
        """
        async with self._lock:
            self._failed = False
            try:
                await settled(self._run(self._raw.execute(f"BEGIN {mode}")))
                yield
                self._check_whole()
                await settled(self._run(self._raw.execute("COMMIT")))
            except BaseException:
                # Does nothing where SQLite has rolled back by itself, as it does when the disk is full.
                await settled(self._run(self._raw.rollback()))
                raise

    async def back_up(self, source: aiosqlite.Connection) -> None:
        """Replace the whole database by a copy of another."""
        async with self._lock:
            await settled(self._run(source.backup(self._raw)))

    async def close(self) -> None:
        async with self._lock:
            await settled(self._run(self._raw.close()))

    def _check_whole(self) -> None:
        if self._failed:
            raise StoreError(f"store {self.place}: a statement failed, so nothing of its transaction was kept")

    async def _run(self, statement: Awaitable[T]) -> T:
        try:
            with translated(self.place):
                return await statement
        except BaseException:
            self._failed = True
            raise


async def settled(work: Coroutine[Any, Any, T]) -> T:
    """Wait for `work` to its end, also while this task is cancelled; only then let the cancellation through."""
    task = asyncio.create_task(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError from task.exception()
    return task.result()
