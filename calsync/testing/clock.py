"""A clock that stands still until a test moves it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from calsync.ports import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

    _Sleeper = tuple[datetime, asyncio.Future[None]]

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""A Monday morning, four weeks before the clocks change in Europe."""


class FakeClock(Clock):
    """Time that passes only through `advance`; `sleep` waits for that."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now
        self._sleepers: list[_Sleeper] = []
        self._slept = asyncio.Event()

    @property
    def sleepers(self) -> int:
        """How many wait: tasks in `sleep`, and what is to be called `later`."""
        return len(self._sleepers)

    @property
    def waking(self) -> bool:
        """Whether a task whose sleep is over has not run yet."""
        return any(due <= self._now for due, _ in self._sleepers)

    async def until_sleeping(self, tasks: int = 1) -> None:
        """Wait until so many tasks are in `sleep`: what a test does before it moves the time."""
        while self.sleepers < tasks:
            self._slept.clear()
            await self._slept.wait()

    async def until_due(self, seconds: float, tasks: int = 1) -> None:
        """Wait until so many tasks sleep that will wake within so many seconds."""
        while sum(due <= self._now + timedelta(seconds=seconds) for due, _ in self._sleepers) < tasks:
            self._slept.clear()
            await self._slept.wait()

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        sleeper = self._begin(seconds)
        try:
            if seconds <= 0:
                self.advance(0)
            await sleeper[1]
        finally:
            self._forget(sleeper)

    def later(self, seconds: float, call: Callable[[], object]) -> Callable[[], object]:
        sleeper = self._begin(seconds)

        def over(waiting: asyncio.Future[None]) -> None:
            self._forget(sleeper)
            if not waiting.cancelled():
                call()

        def call_off() -> None:
            self._forget(sleeper)
            sleeper[1].cancel()

        sleeper[1].add_done_callback(over)
        return call_off

    def advance(self, seconds: float) -> None:
        """Let time pass and wake those whose sleep is over, the earliest first.

        The woken tasks run when the caller next awaits; one that sleeps again then starts from the new time.
        """
        self._now += timedelta(seconds=seconds)
        for due, waiting in sorted(self._sleepers, key=lambda sleeper: sleeper[0]):
            if due <= self._now and not waiting.done():
                waiting.set_result(None)

    def _begin(self, seconds: float) -> _Sleeper:
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        sleeper = (self._now + timedelta(seconds=seconds), waiting)
        self._sleepers.append(sleeper)
        self._slept.set()
        return sleeper

    def _forget(self, sleeper: _Sleeper) -> None:
        self._sleepers = [other for other in self._sleepers if other is not sleeper]
