"""A person at a second connection, inside of a fence, is enough to play the suite."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from calsync.ports import ProviderSpec
from calsync.sync.model import Window
from calsync.testing import Behaviour, MemoryCalendar
from calsync.testing.connected import connected
from calsync.testing.contract import CalendarContract, UnderTest
from calsync.testing.contract.case import DRAFT, EVENT, MARKER, WINDOW, listen
from calsync.testing.fence import Fenced, take_away
from tests.testing.memory_provider import MemoryProvider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from contextlib import AbstractAsyncContextManager
    from typing import Any

    from calsync.ports import Host, Provider


def spec_of(calendar: MemoryCalendar) -> ProviderSpec:
    def build(settings: Mapping[str, Any], host: Host) -> Provider:
        del settings, host
        return MemoryProvider(calendar)

    return ProviderSpec(name="memory", connection_schema={}, calendar_schema={}, open=build)


def somebodys_calendar() -> MemoryCalendar:
    """Return a calendar in which somebody has events, inside of the suite's window."""
    calendar = MemoryCalendar(behaviour=Behaviour(page_size=4))
    for _ in range(6):
        calendar.user_create(EVENT)
    return calendar


@asynccontextmanager
async def among_others() -> AsyncIterator[UnderTest]:
    calendar = somebodys_calendar()
    theirs = calendar.events()
    async with connected(spec_of(calendar), {}, {}, page_size=4, idempotent=True) as under_test:
        yield under_test
    assert calendar.events() == theirs


class TestAmongOthersEvents(CalendarContract):
    """Nothing of somebody's calendar is seen or touched, and what the suite made is gone."""

    def opened(self) -> AbstractAsyncContextManager[UnderTest]:
        return among_others()


async def test_what_was_not_made_inside_the_fence_is_out_of_reach() -> None:
    calendar = somebodys_calendar()
    [theirs, *_] = calendar.events()
    [seen] = (await calendar.read([theirs])).values()
    async with connected(spec_of(calendar), {}, {}) as under_test:
        inside = under_test.calendar
        assert isinstance(inside, Fenced)
        assert (await listen(inside)).observations == {}
        for touching in (
            inside.read([theirs]),
            inside.locate(theirs),
            inside.unmark(theirs),
            inside.delete(seen),
            inside.update(seen, {"summary": "Meins"}, "stamp"),
        ):
            with pytest.raises(KeyError):
                await touching
    assert calendar.writes() == []


async def test_a_fence_gives_every_create_a_marker_of_its_own() -> None:
    calendar = MemoryCalendar()
    for _ in range(2):
        async with connected(spec_of(calendar), {}, {}) as under_test:
            written = await under_test.calendar.create(DRAFT, MARKER)
            [(event_id, marker)] = calendar.markers().items()
            assert event_id == written.id
            assert marker != MARKER
            [found] = await under_test.calendar.find_marker(MARKER)
            assert found.marker == MARKER


async def test_what_was_made_is_taken_away_also_where_its_answer_was_lost() -> None:
    calendar = MemoryCalendar()
    async with connected(spec_of(calendar), {}, {}) as under_test:
        calendar.faults.add("create", lambda: ConnectionError("lost"), after=True)
        with pytest.raises(ConnectionError):
            await under_test.calendar.create(DRAFT, MARKER)
        assert calendar.events()
    assert calendar.events() == {}


async def test_what_cannot_be_taken_away_is_named_by_its_marker() -> None:
    from calsync.errors import Retry

    calendar = MemoryCalendar()
    async with connected(spec_of(calendar), {}, {}) as under_test:
        await under_test.calendar.create(DRAFT, MARKER)
        [marker] = calendar.markers().values()
        calendar.faults.add("delete", lambda: Retry("busy"))
        assert await take_away(calendar, under_test.ground) == [marker]
        assert await take_away(calendar, under_test.ground) == []


def test_the_suites_window_holds_its_events() -> None:
    assert isinstance(WINDOW, Window)
    assert WINDOW.holds(EVENT.when)
