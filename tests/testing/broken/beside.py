"""Doorbells that do not ring, and lists of calendars of which nobody can pick the right one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from calsync.ports import CalendarRequest, NamedCalendar
from calsync.testing import Behaviour, MemoryCalendar
from tests.testing.memory_provider import MemoryProvider
from tests.testing.under_test import MemoryUnderTest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from calsync.ports import Ring
    from calsync.sync.model import Event
    from calsync.testing.contract import UnderTest


class Ringing(MemoryCalendar):
    """One that keeps its promise: it rings when it begins to hear, and when something changes."""

    def __init__(self) -> None:
        super().__init__(behaviour=Behaviour(doorbell=True))

    def user_create(self, event: Event) -> str:
        event_id = super().user_create(event)
        self.ring()
        return event_id


class NeverRings(MemoryCalendar):
    async def listen(self, ring: Ring) -> None:
        del ring
        await asyncio.get_running_loop().create_future()


class Office(MemoryProvider):
    """Lists two calendars, the second of which is another one."""

    def __init__(self, calendar: MemoryCalendar, *listed: NamedCalendar) -> None:
        super().__init__(calendar)
        self._listed = listed or (named("memory", main=True), named("office"))

    async def calendars(self, settings: Mapping[str, Any]) -> Sequence[NamedCalendar]:
        del settings
        return self._listed

    async def open(self, request: CalendarRequest) -> MemoryCalendar:
        wanted = request.settings.get("calendar", "memory")
        return self.memory if wanted == "memory" else MemoryCalendar(wanted)


class OpensTheMainOneAlways(Office):
    async def open(self, request: CalendarRequest) -> MemoryCalendar:
        del request
        return self.memory


def named(name: str, *, main: bool = False, writable: bool = True) -> NamedCalendar:
    return NamedCalendar(id=name, name=name, main=main, writable=writable)


def listing(*listed: NamedCalendar, kind: type[Office] = Office) -> Callable[[], UnderTest]:
    def opened() -> UnderTest:
        under_test = MemoryUnderTest(MemoryCalendar())
        under_test.provider = kind(under_test.calendar, *listed)
        under_test.request = CalendarRequest(account="anna", settings={}, timezone=ZoneInfo("Europe/Berlin"))
        return under_test

    return opened


BELL = "test_there_is_no_doorbell_or_it_rings_at_the_beginning_and_at_changes"
PICK = "test_what_can_be_picked_can_be_opened_and_the_main_calendar_is_the_first"
BROKEN: Sequence[tuple[Callable[[], UnderTest | MemoryCalendar], str]] = [
    (NeverRings, BELL),
    (lambda: MemoryCalendar(behaviour=Behaviour(doorbell=True)), BELL),
    (listing(named("office"), named("memory", main=True)), PICK),
    (listing(named("memory"), named("office")), PICK),
    (listing(kind=OpensTheMainOneAlways), PICK),
    (listing(named("memory", main=True, writable=False)), PICK),
]
