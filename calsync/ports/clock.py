"""Time, as everybody reads it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from contextlib import suppress
from datetime import UTC, datetime


class Clock(ABC):
    """Time. Everything reads it here, so that a simulation can give another."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the present instant, in UTC."""

    @abstractmethod
    async def sleep(self, seconds: float) -> None:
        """Wait."""

    async def until(self, event: asyncio.Event, seconds: float) -> None:
        """Wait until an event is set, at most so long."""
        waiting = [asyncio.ensure_future(self.sleep(seconds)), asyncio.ensure_future(event.wait())]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)


class SystemClock(Clock):
    """The machine's time, which the event loop waits by."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def until(self, event: asyncio.Event, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):  # a timer of the loop, where two tasks would hold 4 KB
                await event.wait()
