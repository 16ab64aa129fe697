"""Listings in full, the change feed and its tokens."""
# ruff: noqa: S101 - pytest's assertions

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.errors import TokenLost
from calsync.sync.model import AllDay, Event, Timed, Window
from calsync.testing.contract.case import DAY, EVENT, WINDOW, listen, not_supported, observed, synced
from calsync.values import replace

if TYPE_CHECKING:
    from calsync.sync.model import When
    from calsync.testing.contract.case import UnderTest

MINUTE = timedelta(minutes=1)
BEFORE = WINDOW.start - timedelta(days=20)
ODD = Window(datetime(2026, 3, 1, 23, 30, tzinfo=UTC), datetime(2026, 3, 30, 22, 30, tzinfo=UTC))
"""Its ends are no midnights, in no zone of Europe."""
EDGES: dict[str, When] = {
    "begins with the window": Timed(ODD.start, ODD.start + MINUTE),
    "ends just inside": Timed(ODD.start - timedelta(hours=5), ODD.start + MINUTE),
    "begins just inside": Timed(ODD.end - MINUTE, ODD.end + timedelta(hours=5)),
    "spans the window": Timed(ODD.start - timedelta(days=1), ODD.end + timedelta(days=1)),
    "an instant at its start": Timed(ODD.start, ODD.start),
    "an instant inside": Timed(DAY, DAY),
    "the first day": AllDay(date(2026, 3, 1), date(2026, 3, 2)),
    "the last day": AllDay(date(2026, 3, 30), date(2026, 3, 31)),
}
"""Everything here overlaps the window, by the one predicate that both sides share."""


def known(page_size: int | None) -> int:
    if page_size is None:
        not_supported("nobody can tell how many events fill a page", "that a listing has more is not tried")
    return page_size


@pytest.mark.asyncio
class FeedContract:
    """What `Reader.changes` promises."""

    async def test_an_empty_calendar_is_listed_completely(self, calendar_under_test: UnderTest) -> None:
        told = await listen(calendar_under_test.calendar)
        assert (told.observations, told.complete) == ({}, True)

    async def test_a_listing_in_full_tells_every_event(self, calendar_under_test: UnderTest) -> None:
        ids = [await calendar_under_test.user_create(EVENT) for _ in range(3)]
        told = await listen(calendar_under_test.calendar)
        assert told.complete
        assert set(told.observations) == set(ids)
        assert not told.removed
        for seen in told.observations.values():
            assert synced(seen.event) == synced(EVENT)

    async def test_a_long_listing_comes_in_pages(self, calendar_under_test: UnderTest) -> None:
        many = 2 * known(calendar_under_test.page_size) + 1
        events = [replace(EVENT, summary=f"Termin {number}") for number in range(many)]
        ids = [await calendar_under_test.user_create(event) for event in events]
        told = await listen(calendar_under_test.calendar)
        assert told.complete
        assert told.pages > 1
        assert {event_id: seen.event.summary for event_id, seen in told.observations.items()} == {
            event_id: event.summary for event_id, event in zip(ids, events, strict=True)
        }

    @pytest.mark.parametrize("when", EDGES.values(), ids=EDGES)
    async def test_what_overlaps_the_window_is_told(self, calendar_under_test: UnderTest, when: When) -> None:
        assert ODD.holds(when)
        event_id = await calendar_under_test.user_create(replace(EVENT, when=when))
        told = await listen(calendar_under_test.calendar, None, ODD)
        assert synced(told.observations[event_id].event) == synced(replace(EVENT, when=when))

    async def test_a_feed_and_a_read_agree_on_the_revision(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        event_id = await calendar_under_test.user_create(EVENT)
        told = await listen(calendar)
        assert told.observations[event_id].revision == (await observed(calendar, event_id)).revision
        await calendar_under_test.user_edit(event_id, {"summary": "Verschoben"})
        told = await listen(calendar, told.token)
        assert told.observations[event_id].revision == (await observed(calendar, event_id)).revision

    async def test_what_users_create_and_edit_is_told(self, calendar_under_test: UnderTest) -> None:
        edited = await calendar_under_test.user_create(EVENT)
        token = (await listen(calendar_under_test.calendar)).token
        created = await calendar_under_test.user_create(replace(EVENT, summary="Neu"))
        await calendar_under_test.user_edit(edited, {"summary": "Geändert"})
        told = await listen(calendar_under_test.calendar, token)
        assert told.observations[created].event.summary == "Neu"
        assert told.observations[edited].event.summary == "Geändert"

    async def test_what_users_delete_is_a_tombstone_or_costs_the_token(
        self, calendar_under_test: UnderTest
    ) -> None:
        calendar = calendar_under_test.calendar
        kept, deleted = [await calendar_under_test.user_create(EVENT) for _ in range(2)]
        token = (await listen(calendar)).token
        await calendar_under_test.user_delete(deleted)
        try:
            assert deleted in (await listen(calendar, token)).removed
        except TokenLost:
            assert set((await listen(calendar)).observations) == {kept}

    async def test_an_event_that_leaves_the_window_is_told(self, calendar_under_test: UnderTest) -> None:
        event_id = await calendar_under_test.user_create(EVENT)
        token = (await listen(calendar_under_test.calendar)).token
        outside = Timed(BEFORE, BEFORE + timedelta(hours=1))
        await calendar_under_test.user_edit(event_id, {"when": outside})
        told = await listen(calendar_under_test.calendar, token)
        assert event_id in told.removed or told.observations[event_id].event.when == outside

    async def test_an_event_that_comes_into_the_window_is_told(self, calendar_under_test: UnderTest) -> None:
        outside = replace(EVENT, when=Timed(BEFORE, BEFORE + timedelta(hours=1)))
        event_id = await calendar_under_test.user_create(outside)
        token = (await listen(calendar_under_test.calendar)).token
        await calendar_under_test.user_edit(event_id, {"when": EVENT.when})
        told = await listen(calendar_under_test.calendar, token)
        assert told.observations[event_id].event.when == EVENT.when

    async def test_a_token_can_be_used_again(self, calendar_under_test: UnderTest) -> None:
        token = (await listen(calendar_under_test.calendar)).token
        event_id = await calendar_under_test.user_create(EVENT)
        for _ in range(2):
            assert event_id in (await listen(calendar_under_test.calendar, token)).observations

    async def test_tokens_follow_one_another(self, calendar_under_test: UnderTest) -> None:
        token = (await listen(calendar_under_test.calendar)).token
        event_id = await calendar_under_test.user_create(EVENT)
        for summary in ("eins", "zwei", "drei"):
            await calendar_under_test.user_edit(event_id, {"summary": summary})
            told = await listen(calendar_under_test.calendar, token)
            assert told.observations[event_id].event.summary == summary
            token = told.token

    async def test_many_changes_come_at_once(self, calendar_under_test: UnderTest) -> None:
        many = 2 * (calendar_under_test.page_size or 5) + 1
        token = (await listen(calendar_under_test.calendar)).token
        ids = [await calendar_under_test.user_create(EVENT) for _ in range(many)]
        told = await listen(calendar_under_test.calendar, token)
        assert set(ids) <= set(told.observations)

    async def test_a_write_of_our_own_is_told_as_it_was_answered(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        event_id = await calendar_under_test.user_create(EVENT)
        token = (await listen(calendar)).token
        written = await calendar.update(await observed(calendar, event_id), {"summary": "Neu"}, "stamp")
        told = (await listen(calendar, token)).observations[event_id]
        assert told.event.summary == "Neu"
        assert written.revision in (None, told.revision)

    async def test_a_lost_token_says_so(self, calendar_under_test: UnderTest) -> None:
        told = await listen(calendar_under_test.calendar)
        token = await calendar_under_test.lost_token(told.token)
        with pytest.raises(TokenLost):
            await listen(calendar_under_test.calendar, token)

    async def test_events_outside_the_window_do_no_harm(self, calendar_under_test: UnderTest) -> None:
        outside = Event(summary="Alt", when=Timed(BEFORE, BEFORE + timedelta(hours=1)))
        event_id = await calendar_under_test.user_create(outside)
        told = await listen(calendar_under_test.calendar)
        assert told.complete
        assert set(told.observations) <= {event_id}
