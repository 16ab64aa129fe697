"""What a server grants to the sessions that it counts as one: so many requests at once, none in a pause."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from calsync.http.pause import Pause

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from calsync.ports import Clock


class Lane:
    """Requests that a server counts together: they keep one pause, and only so many wait for it at once."""

    __slots__ = ("pause", "turns")

    def __init__(self, pause: Pause, concurrency: int) -> None:
        self.pause = pause
        self.turns = asyncio.Semaphore(concurrency)


class Budget:
    """The places and the pauses. Sessions may share it."""

    def __init__(self, name: str, clock: Clock, concurrency: int, pause: Pause | None = None) -> None:
        """`name` is the connection's, for messages. `pause`: of several budgets that a server counts as one."""
        self.concurrency = concurrency
        self._name = name
        self._clock = clock
        self._lanes = {"": Lane(pause or Pause(name, clock), concurrency)}
        self._slots = asyncio.Semaphore(concurrency)
        self._several = asyncio.Lock()
        """Requests that need several places collect them one after another, or each would wait for the other's."""

    def lane(self, name: str) -> Lane:
        """Return a lane; the first request of one makes it."""
        if name not in self._lanes:
            self._lanes[name] = Lane(Pause(self._name, self._clock), self.concurrency)
        return self._lanes[name]

    def places(self, wanted: int) -> AbstractAsyncContextManager[None]:
        """Hold so many places, or all of them where there are fewer."""
        return self._many(min(wanted, self.concurrency)) if wanted > 1 else self._slots

    @asynccontextmanager
    async def _many(self, wanted: int) -> AsyncIterator[None]:
        async with AsyncExitStack() as taken:
            async with self._several:
                for _ in range(wanted):
                    await taken.enter_async_context(self._slots)
            yield
