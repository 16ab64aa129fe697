"""A provider whose connections open one calendar in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.ports import Finding, Provider
from calsync.testing import MemoryCalendar
from calsync.testing.feed import Feed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync.ports import Calendar, CalendarRequest
    from calsync.sync.model import Need


class Asked(MemoryCalendar):
    """The same events, read for other needs."""

    def __init__(self, calendar: MemoryCalendar, needs: frozenset[Need]) -> None:
        super().__init__(calendar.key, behaviour=calendar.behaviour)
        self.rows, self.faults, self.calls = calendar.rows, calendar.faults, calendar.calls
        self.feed = Feed(calendar.rows, calendar.behaviour, self._observe)
        self.ask_for(needs)


class MemoryProvider(Provider):
    """Opens one calendar in memory, again and again."""

    def __init__(self, calendar: MemoryCalendar) -> None:
        self.memory = calendar

    async def login(self) -> None:
        """Anybody may."""

    async def open(self, request: CalendarRequest) -> Calendar:
        return Asked(self.memory, request.needs)

    async def check(self) -> Sequence[Finding]:
        return ()

    async def close(self) -> None:
        """Nothing is open."""
