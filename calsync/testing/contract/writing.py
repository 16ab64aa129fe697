"""Creates, updates, deletes and unmarking: what they write, what they refuse, what they answer."""
# ruff: noqa: S101 - pytest's assertions

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.errors import Blocked, Missing, Stale
from calsync.ports import Gone, Trashed
from calsync.sync.model import FIELDS, Timed
from calsync.testing.contract.case import DAY, DRAFT, EVENT, MARKER, STAMP, listen, not_supported, observed, synced
from calsync.values import replace

if TYPE_CHECKING:
    from calsync.ports import Calendar, Written
    from calsync.sync.model import Field, Value
    from calsync.testing.contract.case import UnderTest

NEW: dict[Field, Value] = {
    "summary": "Übergabe",
    "when": Timed(DAY + timedelta(hours=14), DAY + timedelta(hours=15)),
    "description": "Zählerstände",
}


@pytest.mark.asyncio
class WritingContract:
    """What `Calendar.create`, `update`, `delete` and `unmark` promise."""

    async def test_a_create_stores_what_it_was_given(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        written = await calendar.create(DRAFT, MARKER)
        seen = await observed(calendar, written.id)
        assert synced(seen.event) == synced(DRAFT)
        assert (seen.event.attendee_count, seen.event.organised_here) == (0, True)
        assert (seen.event.series, seen.event.cancelled, seen.event.private) == (False, False, False)
        assert set((await listen(calendar)).observations) == {written.id}
        await self._answered_truly(calendar, written)

    async def test_a_repeated_create_makes_no_second_event(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        if not calendar_under_test.idempotent:
            not_supported("nobody says that a repeated create is told", "calsync looks for the first one before")
        first = await calendar.create(DRAFT, MARKER)
        assert (await calendar.create(DRAFT, MARKER)).id == first.id
        assert set((await listen(calendar)).observations) == {first.id}

    async def test_equal_drafts_with_other_markers_are_two_events(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        first, second = await calendar.create(DRAFT, MARKER), await calendar.create(DRAFT, STAMP)
        assert first.id != second.id

    @pytest.mark.parametrize("name", FIELDS)
    async def test_an_update_writes_only_what_changed(self, calendar_under_test: UnderTest, name: Field) -> None:
        calendar = calendar_under_test.calendar
        event_id = await calendar_under_test.user_create(EVENT)
        before = await observed(calendar, event_id)
        written = await calendar.update(before, {name: NEW[name]}, STAMP)
        after = await observed(calendar, event_id)
        assert synced(after.event) == synced(EVENT) | {name: NEW[name]}
        assert after.revision != before.revision
        assert replace(after.event, **synced(EVENT)) == before.event  # type: ignore[arg-type] # by field name
        await self._answered_truly(calendar, written)

    async def test_an_update_of_all_fields(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        written = await calendar.create(DRAFT, MARKER)
        await calendar.update(await observed(calendar, written.id), NEW, STAMP)
        seen = await observed(calendar, written.id)
        assert synced(seen.event) == NEW
        assert seen.marker in (MARKER, STAMP) or not calendar.capabilities.marker

    async def test_an_update_of_a_stale_event_writes_nothing(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        event_id = await calendar_under_test.user_create(EVENT)
        target = await observed(calendar, event_id)
        await calendar_under_test.user_edit(event_id, {"summary": "Vom Menschen"})
        with pytest.raises(Stale) as stale:
            await calendar.update(target, {"description": "Von calsync"}, STAMP)
        assert stale.value.fresh == await observed(calendar, event_id)
        assert synced(stale.value.fresh.event) == synced(EVENT) | {"summary": "Vom Menschen"}

    async def test_a_delete_of_a_stale_event_deletes_nothing(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        event_id = await calendar_under_test.user_create(EVENT)
        target = await observed(calendar, event_id)
        await calendar_under_test.user_edit(event_id, {"summary": "Vom Menschen"})
        with pytest.raises(Stale) as stale:
            await calendar.delete(target)
        assert stale.value.fresh == await observed(calendar, event_id)

    async def test_a_deleted_event_is_gone_and_stays_so(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        kept, event_id = [await calendar_under_test.user_create(EVENT) for _ in range(2)]
        target = await observed(calendar, event_id)
        await calendar.delete(target)
        assert isinstance(await calendar.locate(event_id), Trashed | Gone)
        assert list(await calendar.read([kept, event_id])) == [kept]
        assert set((await listen(calendar)).observations) == {kept}
        await calendar.delete(target)

    async def test_an_event_that_is_gone_cannot_be_updated(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        event_id = await calendar_under_test.user_create(EVENT)
        target = await observed(calendar, event_id)
        await calendar_under_test.user_delete(event_id)
        with pytest.raises(Missing):
            await calendar.update(target, {"summary": "Neu"}, STAMP)
        await calendar.delete(target)

    async def test_an_unmarked_event_is_as_it_was_and_carries_no_marker(
        self, calendar_under_test: UnderTest
    ) -> None:
        calendar = calendar_under_test.calendar
        kept, written = await calendar.create(DRAFT, STAMP), await calendar.create(DRAFT, MARKER)
        before, other = await observed(calendar, written.id), await observed(calendar, kept.id)
        for _ in range(2):  # also of one that carries none any more
            await calendar.unmark(written.id)
            after = await observed(calendar, written.id)
            assert not after.marker
            assert after.event == before.event
        assert await observed(calendar, kept.id) == other
        assert await calendar.find_marker(MARKER) == []
        assert calendar_under_test.mails() == 0

    async def test_an_unmarked_event_is_written_like_any_other(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        written = await calendar.create(DRAFT, MARKER)
        await calendar.unmark(written.id)
        await calendar.update(await observed(calendar, written.id), NEW, STAMP)
        assert synced((await observed(calendar, written.id)).event) == NEW
        await calendar.delete(await observed(calendar, written.id))
        assert isinstance(await calendar.locate(written.id), Trashed | Gone)

    async def test_an_event_of_a_user_is_unmarked_without_a_write(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        event_id = await calendar_under_test.user_create(EVENT)
        before = await observed(calendar, event_id)
        await calendar.unmark(event_id)
        assert await observed(calendar, event_id) == before

    async def test_an_event_that_is_gone_cannot_be_unmarked(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        written = await calendar.create(DRAFT, MARKER)
        await calendar_under_test.user_delete(written.id)
        with pytest.raises(Missing):
            await calendar.unmark(written.id)

    async def test_what_might_mail_keeps_its_marker(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        written = await calendar.create(DRAFT, MARKER)
        await calendar_under_test.user_invite(written.id)
        before = await observed(calendar, written.id)
        if calendar.capabilities.writes_may_mail and before.marker:
            with pytest.raises(Blocked, match="has_attendees"):
                await calendar.unmark(written.id)
            assert await observed(calendar, written.id) == before
        assert calendar_under_test.mails() == 0

    async def test_only_a_create_sets_the_reminder(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        if not calendar.capabilities.writes_reminder:
            not_supported("it takes no reminder", "its users get the one that their program sets")
        for minutes in (15, None):
            written = await calendar.create(replace(DRAFT, reminder=minutes), f"{MARKER}{minutes}")
            assert await calendar_under_test.reminder_minutes(written.id) == minutes
            seen = await observed(calendar, written.id)
            assert seen.event.reminder in (None, minutes is not None)
            await calendar.update(seen, {"summary": "Neu", "description": "Neu"}, STAMP)
            assert await calendar_under_test.reminder_minutes(written.id) == minutes

    async def test_nobody_is_mailed(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        event_id = await calendar_under_test.user_create(EVENT)
        await calendar_under_test.user_invite(event_id)
        target = await observed(calendar, event_id)
        if calendar.capabilities.writes_may_mail:
            with pytest.raises(Blocked, match="has_attendees"):
                await calendar.update(target, NEW, STAMP)
            with pytest.raises(Blocked, match="has_attendees"):
                await calendar.delete(target)
            assert synced((await observed(calendar, event_id)).event) == synced(EVENT)
        else:
            await calendar.update(target, NEW, STAMP)
            await calendar.delete(await observed(calendar, event_id))
        assert calendar_under_test.mails() == 0

    async def test_a_block_ends_with_the_attendees(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        event_id = await calendar_under_test.user_create(EVENT)
        await calendar_under_test.user_invite(event_id)
        await calendar_under_test.user_uninvite(event_id)
        await calendar.update(await observed(calendar, event_id), NEW, STAMP)
        assert synced((await observed(calendar, event_id)).event) == NEW
        assert calendar_under_test.mails() == 0

    async def _answered_truly(self, calendar: Calendar, written: Written) -> None:
        """Check that an answer holds nothing that a read would not show."""
        seen = await observed(calendar, written.id)
        assert written.revision in (None, seen.revision)
        if written.stored is not None:
            assert (written.stored.id, written.stored.event) == (seen.id, seen.event)
            assert written.stored.revision == seen.revision
