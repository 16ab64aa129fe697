"""What the store asks of its database, whichever that is.

All that is done with it is one function that is called in a thread of the connection. A transaction is such a
function, from its begin to its end. So a coroutine that is cancelled cannot leave one open, and no other one can
write in between.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine, Iterator, Mapping, Sequence

T = TypeVar("T")


class Found(Protocol):
    """A row that was found: its values by the names of their columns, by their places, and in their order."""

    def __getitem__(self, key: int | str, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...

    def keys(self) -> Sequence[str]: ...


class Outcome(Protocol):
    """What came of a statement."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def __iter__(self) -> Iterator[Any]: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...


class Database(Protocol):
    """A database as a function sees it that is called in its thread. Python's sqlite3.Connection is one."""

    def execute(self, sql: str, values: Mapping[str, Any] | Sequence[Any] = ..., /) -> Outcome:
        """Run one statement of this package."""

    def rollback(self) -> None: ...


Work = Callable[[Database], T]
"""What is done with a database. It runs in another thread, so it touches nothing that changes meanwhile."""


class Connection(ABC):
    """Errors of the database come out as StoreError.

    What has been asked for is waited for, however often the task is cancelled meanwhile.
    """

    place: str
    """Names the database in messages."""

    @abstractmethod
    def write(self, work: Work[T], about: str | None = None) -> Awaitable[T]:
        """Commit what `work` does and return its result; where anything raises, all of it is rolled back.

        `about`: the account that it is about. Those about one account follow each other, and so do those about
        none, as people are. `work` may be called again, where the database has undone it by itself.
        """

    @abstractmethod
    def read(self, work: Work[T]) -> Awaitable[T]:
        """Return what `work` returns, which finds all as it was at one moment."""

    @abstractmethod
    def call(self, work: Work[T]) -> Awaitable[T]:
        """Return what `work` returns, which is called outside of any transaction and runs one statement."""

    @abstractmethod
    async def close(self) -> None: ...


def fetch(database: Database, sql: str, values: Mapping[str, Any]) -> list[Any]:
    """Return the rows (`Found`) that a statement finds."""
    return database.execute(sql, values).fetchall()


def each(database: Database, sql: str, values: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the rows that a statement finds, one by one: those of a large account take as much as its events."""
    for row in database.execute(sql, values):  # noqa: UP028 - left early, that would close the cursor of another thread
        yield row


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
