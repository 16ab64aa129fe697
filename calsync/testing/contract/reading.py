"""Reading by id, asking where an event is, and searching for markers."""
# ruff: noqa: S101 - pytest's assertions

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.ports import Elsewhere, Gone, Here, NoAccess, Trashed
from calsync.testing.contract.case import DRAFT, EVENT, MARKER, STAMP, listen, not_supported, observed, synced

if TYPE_CHECKING:
    from calsync.testing.contract.case import UnderTest


@pytest.mark.asyncio
class ReadingContract:
    """What `Reader.read`, `locate` and `find_marker` promise."""

    async def test_present_events_are_read_and_absent_ones_left_out(self, calendar_under_test: UnderTest) -> None:
        present, deleted = [await calendar_under_test.user_create(EVENT) for _ in range(2)]
        await calendar_under_test.user_delete(deleted)
        found = await calendar_under_test.calendar.read([present, deleted])
        assert list(found) == [present]
        assert synced(found[present].event) == synced(EVENT)

    async def test_nothing_is_read_of_no_ids(self, calendar_under_test: UnderTest) -> None:
        await calendar_under_test.user_create(EVENT)
        assert not await calendar_under_test.calendar.read([])

    async def test_many_events_are_read_at_once(self, calendar_under_test: UnderTest) -> None:
        ids = {await calendar_under_test.user_create(EVENT) for _ in range(25)}
        found = await calendar_under_test.calendar.read(sorted(ids))
        assert set(found) == ids
        assert all(seen.id == event_id for event_id, seen in found.items())

    async def test_the_revision_stands_still_until_somebody_writes(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        event_id = await calendar_under_test.user_create(EVENT)
        first = await observed(calendar, event_id)
        assert first.revision is not None
        assert (await observed(calendar, event_id)).revision == first.revision
        await calendar_under_test.user_edit(event_id, {"description": "Neu"})
        assert (await observed(calendar, event_id)).revision != first.revision

    async def test_attendees_are_counted(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        event_id = await calendar_under_test.user_create(EVENT)
        assert (await observed(calendar, event_id)).event.attendee_count == 0
        await calendar_under_test.user_invite(event_id)
        assert (await observed(calendar, event_id)).event.attendee_count != 0
        await calendar_under_test.user_uninvite(event_id)
        assert (await observed(calendar, event_id)).event.attendee_count == 0

    async def test_an_event_is_located_where_it_is(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        event_id = await calendar_under_test.user_create(EVENT)
        here = await calendar.locate(event_id)
        assert isinstance(here, Here)
        assert here.observation == await observed(calendar, event_id)
        await calendar_under_test.user_delete(event_id)
        assert isinstance(await calendar.locate(event_id), Trashed | Gone)

    async def test_an_event_that_was_moved_away_is_not_proven_deleted(
        self, calendar_under_test: UnderTest
    ) -> None:
        calendar = calendar_under_test.calendar
        kept, moved = [await calendar_under_test.user_create(EVENT) for _ in range(2)]
        uid = (await observed(calendar, moved)).event.uid
        await calendar_under_test.user_move_away(moved)
        assert list(await calendar.read([kept, moved])) == [kept]
        assert set((await listen(calendar)).observations) == {kept}
        assert isinstance(await calendar.locate(moved, uid), Elsewhere | NoAccess)

    async def test_a_marker_is_found_on_its_event_only(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        if not calendar.capabilities.marker:
            not_supported("its events carry no marker", "a create whose answer was lost is told by its content")
        await calendar_under_test.user_create(EVENT)
        other = await calendar.create(DRAFT, STAMP)
        assert await calendar.find_marker(MARKER) == []
        written = await calendar.create(DRAFT, MARKER)
        found = await calendar.find_marker(MARKER)
        assert [(seen.id, seen.marker) for seen in found] == [(written.id, MARKER)]
        assert (await observed(calendar, written.id)).marker == MARKER
        assert (await observed(calendar, other.id)).marker == STAMP

    async def test_a_marker_goes_with_its_event(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        written = await calendar.create(DRAFT, MARKER)
        await calendar_under_test.user_delete(written.id)
        assert await calendar.find_marker(MARKER) == []
