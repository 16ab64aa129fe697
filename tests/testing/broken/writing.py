"""Calendars that break a promise about writing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.errors import Blocked, Missing, Stale
from calsync.sync.model import Capabilities
from calsync.testing import Behaviour, MemoryCalendar
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from calsync.ports import Written
    from calsync.sync.model import Changes, Draft, Event, Observation
    from calsync.testing.memory import Call
    from calsync.testing.rows import Row

MAILING = Capabilities(writes_may_mail=True)


def with_(**behaviour: Any) -> Callable[[], MemoryCalendar]:
    """Return what makes calendars that would mail, with this behaviour."""
    return lambda: MemoryCalendar(capabilities=MAILING, behaviour=Behaviour(**behaviour))


def cut(event: Event) -> Event:
    return replace(event, summary=event.summary[:10])


class Repeats(MemoryCalendar):
    """It cannot tell a repeated create, though it says so."""

    def _with_marker(self, marker: str) -> None:
        """Find none."""


class CreatesByContent(MemoryCalendar):
    """It takes a second event with equal fields for the first one."""

    def _with_marker(self, marker: str) -> Row | None:
        return next(iter(self.rows.rows.values()), None)


class AnswersWhatItWasGiven(MemoryCalendar):
    """Its answer to a create is the draft, not what the server made of it."""

    async def create(self, draft: Draft, marker: str) -> Written:
        written = await super().create(draft, marker)
        assert written.stored is not None
        return replace(written, stored=replace(written.stored, event=replace(written.stored.event, uid="another")))


class WritesAllFields(MemoryCalendar):
    async def update(self, target: Observation, changes: Changes, stamp: str) -> Written:
        return await super().update(target, {"description": "", **changes}, stamp)


class WritesOneField(MemoryCalendar):
    async def update(self, target: Observation, changes: Changes, stamp: str) -> Written:
        first = dict([*changes.items()][:1])
        return await super().update(target, first, stamp)


class WritesOverEdits(MemoryCalendar):
    async def update(self, target: Observation, changes: Changes, stamp: str) -> Written:
        return await super().update((await self.read([target.id]))[target.id], changes, stamp)

    async def delete(self, target: Observation) -> None:
        try:
            await super().delete(target)
        except Stale as stale:
            await super().delete(stale.fresh)


class DeletesNothing(MemoryCalendar):
    async def delete(self, target: Observation) -> None:
        """Say that it is done."""


class DeletesOnce(MemoryCalendar):
    """It complains of an event that is in the trash already."""

    async def delete(self, target: Observation) -> None:
        if self.rows.present(target.id) is None:
            raise Missing("it is not there")
        await super().delete(target)


class WritesToTheTrash(MemoryCalendar):
    """It updates an event that somebody has deleted."""

    def _checked(self, target: Observation) -> Row:
        return self.rows.rows[target.id]

    async def unmark(self, event_id: str) -> None:
        self.rows.unmark(event_id)


class KeepsItsMarkers(MemoryCalendar):
    async def unmark(self, event_id: str) -> None:
        """Say that it is done."""


class LetsGoOfTheUnmarked(MemoryCalendar):
    """It writes to its own copies only."""

    async def update(self, target: Observation, changes: Changes, stamp: str) -> Written:
        if not self.rows.rows[target.id].marker:
            raise Blocked("not_ours")
        return await super().update(target, changes, stamp)


class UnmarksWithAWrite(MemoryCalendar):
    async def unmark(self, event_id: str) -> None:
        if self.rows.present(event_id) is None:
            raise Missing("it is not there")
        self.rows.unmark(event_id)


class RemindsAlways(MemoryCalendar):
    async def create(self, draft: Draft, marker: str) -> Written:
        return await super().create(replace(draft, reminder=15), marker)


class RemindsOnUpdates(MemoryCalendar):
    async def update(self, target: Observation, changes: Changes, stamp: str) -> Written:
        written = await super().update(target, changes, stamp)
        self.rows.rows[target.id] = replace(self.rows.rows[target.id], reminder_minutes=30)
        return written


class BlocksForEver(MemoryCalendar):
    """An event that had attendees once is never written again."""

    def _permit(self, row: Row, call: Call) -> None:
        if any(change.after.event.attendee_count for change in self.rows.log if change.after.id == row.id):
            raise Blocked("has_attendees")


BROKEN: Sequence[tuple[Callable[[], MemoryCalendar], str]] = [
    (with_(normalise=cut), "test_a_create_stores_what_it_was_given"),
    (AnswersWhatItWasGiven, "test_a_create_stores_what_it_was_given"),
    (Repeats, "test_a_repeated_create_makes_no_second_event"),
    (CreatesByContent, "test_equal_drafts_with_other_markers_are_two_events"),
    (WritesAllFields, "test_an_update_writes_only_what_changed"),
    (WritesOneField, "test_an_update_of_all_fields"),
    (WritesOverEdits, "test_an_update_of_a_stale_event_writes_nothing"),
    (WritesOverEdits, "test_a_delete_of_a_stale_event_deletes_nothing"),
    (DeletesNothing, "test_a_deleted_event_is_gone_and_stays_so"),
    (DeletesOnce, "test_a_deleted_event_is_gone_and_stays_so"),
    (WritesToTheTrash, "test_an_event_that_is_gone_cannot_be_updated"),
    (KeepsItsMarkers, "test_an_unmarked_event_is_as_it_was_and_carries_no_marker"),
    (LetsGoOfTheUnmarked, "test_an_unmarked_event_is_written_like_any_other"),
    (UnmarksWithAWrite, "test_an_event_of_a_user_is_unmarked_without_a_write"),
    (WritesToTheTrash, "test_an_event_that_is_gone_cannot_be_unmarked"),
    (lambda: UnmarksWithAWrite(capabilities=MAILING), "test_what_might_mail_keeps_its_marker"),
    (RemindsAlways, "test_only_a_create_sets_the_reminder"),
    (RemindsOnUpdates, "test_only_a_create_sets_the_reminder"),
    (with_(naive=True), "test_nobody_is_mailed"),
    (lambda: BlocksForEver(capabilities=MAILING), "test_a_block_ends_with_the_attendees"),
]
