"""Time, as everybody reads it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock(ABC):
    """Time. Everything reads it here, so that a simulation can give another."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the present instant, in UTC."""

    @abstractmethod
    async def sleep(self, seconds: float) -> None:
        """Wait."""

    def later(self, seconds: float, call: Callable[[], object]) -> Callable[[], object]:
        """Have something called so many seconds later, which nobody waits for; return what calls it off."""
        waiting = asyncio.ensure_future(self.sleep(seconds))
        waiting.add_done_callback(lambda over: None if over.cancelled() else call())
        return waiting.cancel

    async def until(self, stirred: asyncio.Future[None], seconds: float) -> None:
        """Wait until somebody gives a future its result, at most so long: then it gets it here."""

        def over() -> None:
            if not stirred.done():
                stirred.set_result(None)

        call_off = self.later(seconds, over)
        try:
            await stirred
        finally:
            call_off()


class SystemClock(Clock):
    """The machine's time, which the event loop waits by."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def later(self, seconds: float, call: Callable[[], object]) -> Callable[[], object]:
        return asyncio.get_running_loop().call_later(seconds, call).cancel
