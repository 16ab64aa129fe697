"""The clock of a simulated world: its loop's virtual time, from a Monday in March on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from calsync.ports import SystemClock
from calsync.testing.clock import START

if TYPE_CHECKING:
    from tests.simulation.loop import VirtualLoop


class VirtualClock(SystemClock):
    """Reads the loop it runs on."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._now = 0.0, START

    def now(self) -> datetime:
        seconds = self._loop.time()
        if seconds != self._now[0]:
            self._now = seconds, START + timedelta(seconds=seconds)
        return self._now[1]
