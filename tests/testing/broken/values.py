"""Calendars that keep some values, and alter or cut others; and those that read too much or too little."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from calsync.sync.model import AllDay, Event, Timed
from calsync.testing import Behaviour, MemoryCalendar
from calsync.values import replace
from tests.testing.under_test import Zoned, ZonedUnderTest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from calsync.ports import Written
    from calsync.sync.model import Changes, Draft, Need, Observation
    from calsync.testing.contract import UnderTest
    from calsync.testing.rows import Row

BERLIN = ZoneInfo("Europe/Berlin")


def storing(normalise: Callable[[Event], Event]) -> Callable[[], MemoryCalendar]:
    return lambda: MemoryCalendar(behaviour=Behaviour(normalise=normalise))


def reading(reads: Callable[[Event], Event]) -> Callable[[], MemoryCalendar]:
    return lambda: MemoryCalendar(behaviour=Behaviour(reads=reads))


def in_wall_time(event: Event) -> Event:
    """Store times without an offset: the second run of an hour that comes twice becomes the first."""
    if not isinstance(event.when, Timed):
        return event
    start, end = (
        instant.astimezone(BERLIN).replace(fold=0).astimezone(UTC)
        for instant in (event.when.start, event.when.end)
    )
    return replace(event, when=Timed(start, max(start, end)))


def days_of_24_hours(event: Event) -> Event:
    """Take the length of whole days for so many times 24 hours: one day of 23 hours is none."""
    if isinstance(event.when, AllDay) and event.when.first == date(2026, 3, 29):
        return replace(event, when=AllDay(event.when.first, event.when.after + timedelta(days=1)))
    return event


def days_as_times(event: Event) -> Event:
    """Take whole days for a time from midnight to midnight."""
    if not isinstance(event.when, AllDay):
        return event
    start, end = (datetime.combine(day, time(), UTC) for day in (event.when.first, event.when.after))
    return replace(event, when=Timed(start, end))


def in_whole_minutes_of_length(event: Event) -> Event:
    """Give an event without length half an hour."""
    if isinstance(event.when, Timed) and event.when.start == event.when.end:
        return replace(event, when=Timed(event.when.start, event.when.end + timedelta(minutes=30)))
    return event


def without_emoji(event: Event) -> Event:
    return replace(event, summary="".join(letter for letter in event.summary if ord(letter) < 65536))


def as_markup(event: Event) -> Event:
    return replace(event, description=event.description.replace("<b>", "").replace("</b>", ""))


def without_blank_lines(event: Event) -> Event:
    return replace(event, description="\n".join(line for line in event.description.split("\n") if line))


def without_tabs(event: Event) -> Event:
    return replace(event, description=event.description.replace("\t", ""))


def with_a_summary(event: Event) -> Event:
    return replace(event, summary=event.summary or "(kein Betreff)")


def cut_summary(event: Event) -> Event:
    return replace(event, summary=event.summary[:254])


def cut_notes(event: Event) -> Event:
    return replace(event, description=event.description[:8192])


class KeepsTheKind(MemoryCalendar):
    """A timed event stays one."""

    async def update(self, target: Observation, changes: Changes, stamp: str) -> Written:
        if isinstance(changes.get("when"), AllDay):
            changes = {**changes, "when": target.event.when}
        return await super().update(target, changes, stamp)


class KeepsWhatIsEmptied(MemoryCalendar):
    async def update(self, target: Observation, changes: Changes, stamp: str) -> Written:
        changes = {name: value for name, value in changes.items() if value != ""}
        return await super().update(target, changes, stamp)


class LosesZones(Zoned):
    """It writes every time in a zone of its own."""

    async def update(self, target: Observation, changes: Changes, stamp: str) -> Written:
        written = await super().update(target, changes, stamp)
        if "when" in changes:
            self.zones[target.id] = "UTC"
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


BROKEN: Sequence[tuple[Callable[[], UnderTest | MemoryCalendar], str]] = [
    (storing(in_wall_time), "test_times_are_kept[in that hour, the second time]"),
    (storing(in_wall_time), "test_times_are_kept[from the one to the other]"),
    (storing(days_of_24_hours), "test_times_are_kept[the day with 23 hours]"),
    (storing(days_as_times), "test_times_are_kept[one day]"),
    (storing(in_whole_minutes_of_length), "test_times_are_kept[no length]"),
    (KeepsTheKind, "test_a_timed_event_becomes_one_of_whole_days_and_back"),
    (reading(in_wall_time), "test_times_that_users_choose_are_read[in that hour, the second time]"),
    (reading(days_as_times), "test_times_that_users_choose_are_read[three days]"),
    (lambda: ZonedUnderTest(LosesZones()), "test_another_time_keeps_the_zone_that_a_person_chose"),
    (storing(without_emoji), "test_summaries_are_kept[emoji]"),
    (storing(as_markup), "test_notes_are_kept[markup]"),
    (storing(without_blank_lines), "test_notes_are_kept[blank lines]"),
    (storing(without_tabs), "test_tabs_keep_their_words_apart"),
    (storing(with_a_summary), "test_an_event_may_have_no_summary_and_no_notes"),
    (KeepsWhatIsEmptied, "test_notes_can_be_emptied"),
    (storing(cut_summary), "test_much_is_created_whole_or_not_at_all[a summary of 255 characters]"),
    (storing(cut_notes), "test_much_is_created_whole_or_not_at_all[notes of 30,000 characters]"),
    (storing(cut_notes), "test_much_is_written_whole_or_nothing_changes[notes of 250,000 characters]"),
    (TellsEverything, "test_what_no_rule_needs_is_not_read"),
    (SaysNotHow, "test_what_a_rule_needs_is_read_in_another_reading"),
    (ForgetsThePlace, "test_a_create_says_where_it_takes_place"),
    (EmptiesThePlace, "test_no_update_touches_a_location"),
]
