"""The calendar in memory keeps every promise, and the suite sees one that breaks a promise."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from calsync.errors import Stale
from calsync.ports import Calendar, Page, Whereabouts, Written
from calsync.sync.model import Capabilities, Changes, Draft, Event, Need, Observation, Window
from calsync.testing import Behaviour, MemoryCalendar
from calsync.testing.contract import CalendarContract, UnderTest
from calsync.testing.rows import Row

MAILING = Capabilities(writes_may_mail=True)


class MemoryUnderTest(UnderTest):
    has = frozenset({"location", "types"})

    def __init__(self, calendar: MemoryCalendar) -> None:
        self.calendar: MemoryCalendar = calendar
        self.idempotent = calendar.behaviour.idempotent

    async def user_create(self, event: Event) -> str:
        return self.calendar.user_create(event)

    async def user_edit(self, event_id: str, changes: Changes) -> None:
        self.calendar.user_edit(event_id, **{str(name): value for name, value in changes.items()})

    async def user_delete(self, event_id: str) -> None:
        self.calendar.user_delete(event_id)

    async def user_move_away(self, event_id: str) -> None:
        self.calendar.user_move_away(event_id)

    async def user_invite(self, event_id: str) -> None:
        self.calendar.user_edit(event_id, attendee_count=1)

    async def user_uninvite(self, event_id: str) -> None:
        self.calendar.user_edit(event_id, attendee_count=0)

    async def reminder_minutes(self, event_id: str) -> int | None:
        return self.calendar.reminder_minutes(event_id)

    async def lost_token(self, token: str) -> str:
        self.calendar.drop_tokens()
        return token

    def mails(self) -> int:
        return self.calendar.mails

    async def opened_for(self, needs: frozenset[Need]) -> Calendar:
        self.calendar.ask_for(needs)
        return self.calendar

    async def user_say(self, event_id: str, need: Need, value: str) -> None:
        self.calendar.user_edit(event_id, **{need: value if need == "location" else (value,)})

    async def stored_location(self, event_id: str) -> str:
        return self.calendar.events()[event_id].location


class TestAtItsBest(CalendarContract):
    @pytest.fixture
    def calendar_under_test(self) -> UnderTest:
        return MemoryUnderTest(MemoryCalendar(behaviour=Behaviour(page_size=5)))


class TestWithOtherHabits(CalendarContract):
    @pytest.fixture
    def calendar_under_test(self) -> UnderTest:
        behaviour = Behaviour(page_size=1, answer="id", idempotent=False, tells_writer=False, tells_outside=True)
        capabilities = Capabilities(marker=False, writes_reminder=False, writes_may_mail=True)
        return MemoryUnderTest(MemoryCalendar(capabilities=capabilities, behaviour=behaviour))


class ForgetsTheFirst(MemoryCalendar):
    """A listing lacks an event and claims to be complete."""

    async def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        async for page in super().changes(token, window):
            yield replace(page, observations=page.observations[1:]) if token is None else page


class NeverComplete(MemoryCalendar):
    async def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        async for page in super().changes(token, window):
            yield replace(page, complete=False)


class GivesNoToken(MemoryCalendar):
    async def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        async for page in super().changes(token, window):
            yield replace(page, token=None)


class HidesDeletes(MemoryCalendar):
    async def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        async for page in super().changes(token, window):
            yield replace(page, removed=())


class ForgivesLostTokens(MemoryCalendar):
    def drop_tokens(self) -> None:
        """Keep them."""


class ReadsTheTrash(MemoryCalendar):
    async def read(self, ids: Sequence[str]) -> Mapping[str, Observation]:
        return {event_id: self._observe(self.rows.rows[event_id], marker=True) for event_id in ids}


class KnowsNoTrash(MemoryCalendar):
    async def locate(self, event_id: str, uid: str | None = None) -> Whereabouts:
        self.user_restore(event_id)
        return await super().locate(event_id, uid)


class Repeats(MemoryCalendar):
    """It cannot tell a repeated create, though it says so."""

    def _with_marker(self, marker: str) -> None:
        """Find none."""


class LosesMarkers(MemoryCalendar):
    async def create(self, draft: Draft, marker: str) -> Written:
        return await super().create(draft, marker[:20])


class WritesOverEdits(MemoryCalendar):
    async def update(self, target: Observation, changes: Changes, stamp: str) -> Written:
        return await super().update((await self.read([target.id]))[target.id], changes, stamp)

    async def delete(self, target: Observation) -> None:
        try:
            await super().delete(target)
        except Stale as stale:
            await super().delete(stale.fresh)


class WritesAllFields(MemoryCalendar):
    async def update(self, target: Observation, changes: Changes, stamp: str) -> Written:
        return await super().update(target, {"description": "", **changes}, stamp)


class AnswersAnOldRevision(MemoryCalendar):
    async def update(self, target: Observation, changes: Changes, stamp: str) -> Written:
        return replace(await super().update(target, changes, stamp), revision=target.revision)


class RemindsAlways(MemoryCalendar):
    async def create(self, draft: Draft, marker: str) -> Written:
        return await super().create(replace(draft, reminder=15), marker)


class RemindsOnUpdates(MemoryCalendar):
    async def update(self, target: Observation, changes: Changes, stamp: str) -> Written:
        written = await super().update(target, changes, stamp)
        self.rows.rows[target.id] = replace(self.rows.rows[target.id], reminder_minutes=30)
        return written


class TellsEverything(MemoryCalendar):
    """It reads what no rule needs."""

    def _observe(self, row: Row, *, marker: bool) -> Observation:
        return replace(super()._observe(row, marker=marker), event=row.event)


class SaysNotHow(MemoryCalendar):
    """Nobody can tell that it reads something else than before."""

    def ask_for(self, needs: frozenset[Need]) -> None:
        self.needs = needs


class ForgetsThePlace(MemoryCalendar):
    async def create(self, draft: Draft, marker: str) -> Written:
        return await super().create(replace(draft, location=""), marker)


class EmptiesThePlace(MemoryCalendar):
    async def update(self, target: Observation, changes: Changes, stamp: str) -> Written:
        written = await super().update(target, changes, stamp)
        row = self.rows.rows[target.id]
        self.rows.rows[target.id] = replace(row, event=replace(row.event, location=""))
        return written


def with_(**behaviour: Any) -> Callable[[], MemoryCalendar]:
    return lambda: MemoryCalendar(capabilities=MAILING, behaviour=Behaviour(**behaviour))


def cut(event: Event) -> Event:
    return replace(event, summary=event.summary[:10])


def without_blank_lines(event: Event) -> Event:
    return replace(event, description="\n".join(line for line in event.description.split("\n") if line))


SUITE = CalendarContract()
BROKEN: Sequence[tuple[Callable[[], MemoryCalendar], Callable[[UnderTest], Awaitable[None]]]] = [
    (ForgetsTheFirst, SUITE.test_a_listing_in_full_tells_every_event),
    (NeverComplete, SUITE.test_an_empty_calendar_is_listed_completely),
    (GivesNoToken, SUITE.test_an_empty_calendar_is_listed_completely),
    (HidesDeletes, SUITE.test_what_users_delete_is_a_tombstone_or_costs_the_token),
    (ForgivesLostTokens, SUITE.test_a_lost_token_says_so),
    (ReadsTheTrash, SUITE.test_present_events_are_read_and_absent_ones_left_out),
    (KnowsNoTrash, SUITE.test_an_event_is_located_where_it_is),
    (LosesMarkers, SUITE.test_a_marker_is_found_on_its_event_only),
    (WritesOverEdits, SUITE.test_an_update_of_a_stale_event_writes_nothing),
    (WritesOverEdits, SUITE.test_a_delete_of_a_stale_event_deletes_nothing),
    (AnswersAnOldRevision, SUITE.test_a_write_of_our_own_is_told_as_it_was_answered),
    (RemindsAlways, SUITE.test_only_a_create_sets_the_reminder),
    (RemindsOnUpdates, SUITE.test_only_a_create_sets_the_reminder),
    (TellsEverything, SUITE.test_what_no_rule_needs_is_not_read),
    (SaysNotHow, SUITE.test_what_a_rule_needs_is_read_in_another_reading),
    (ForgetsThePlace, SUITE.test_a_create_says_where_it_takes_place),
    (EmptiesThePlace, SUITE.test_no_update_touches_a_location),
    (with_(naive=True), SUITE.test_nobody_is_mailed),
    (Repeats, SUITE.test_a_repeated_create_makes_no_second_event),
    (with_(page_size=100), SUITE.test_a_long_listing_comes_in_pages),
    (with_(normalise=cut), SUITE.test_a_create_stores_what_it_was_given),
]


@pytest.mark.parametrize(("broken", "promise"), BROKEN)
async def test_a_broken_promise_is_seen(
    broken: Callable[[], MemoryCalendar], promise: Callable[[UnderTest], Awaitable[None]]
) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        await promise(MemoryUnderTest(broken()))


async def test_a_write_of_more_than_the_change_is_seen() -> None:
    with pytest.raises(AssertionError):
        await SUITE.test_an_update_writes_only_what_changed(MemoryUnderTest(WritesAllFields()), "summary")


async def test_lost_lines_are_seen() -> None:
    under_test = MemoryUnderTest(with_(normalise=without_blank_lines)())
    with pytest.raises(AssertionError):
        await SUITE.test_notes_are_kept(under_test, "eins\n\nzwei")
