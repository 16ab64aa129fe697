"""What is read of events only where rules need it, and the location that a create is given once."""
# ruff: noqa: S101 - pytest's assertions

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest

from calsync.sync.model import ALSO_READ, Need
from calsync.testing.contract.case import DRAFT, EVENT, MARKER, STAMP, listen, not_supported, observed, synced
from calsync.values import replace

if TYPE_CHECKING:
    from calsync.testing.contract.case import UnderTest

ALL: frozenset[Need] = frozenset(get_args(Need))
PLACE = "Gartenstraße 5, 50674 Köln"


@pytest.mark.asyncio
class NeedsContract:
    """What `CalendarRequest.needs` and `Draft.location` promise."""

    async def test_what_no_rule_needs_is_not_read(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        event_id = await calendar_under_test.user_create(EVENT)
        if "location" in calendar_under_test.has:
            await calendar_under_test.user_say(event_id, "location", PLACE)
        event = (await observed(calendar, event_id)).event
        assert (event.location, event.types, calendar.capabilities.also_read) == ("", (), 0)

    async def test_what_a_rule_needs_is_read_in_another_reading(self, calendar_under_test: UnderTest) -> None:
        plain, has = calendar_under_test.calendar.capabilities, calendar_under_test.has
        calendar = await calendar_under_test.opened_for(ALL)
        asked = calendar.capabilities
        assert replace(asked, also_read=0) == plain
        assert (asked.also_read != 0) is bool(has)
        assert 0 <= asked.also_read < ALSO_READ
        event_id = await calendar_under_test.user_create(EVENT)
        if "location" in has:
            await calendar_under_test.user_say(event_id, "location", PLACE)
        if "types" in has:
            await calendar_under_test.user_say(event_id, "types", calendar_under_test.a_type)
        types = (calendar_under_test.a_type,) if "types" in has else ()
        expected = (PLACE if "location" in has else "", types)
        for seen in (await observed(calendar, event_id), (await listen(calendar)).observations[event_id]):
            assert (seen.event.location, seen.event.types) == expected
            assert synced(seen.event) == synced(EVENT)

    async def test_a_create_says_where_it_takes_place(self, calendar_under_test: UnderTest) -> None:
        if "location" not in calendar_under_test.has:
            not_supported("its events have no location", "a rule that copies one finds none")
        calendar = await calendar_under_test.opened_for(ALL)
        for number, location in enumerate((PLACE, "")):
            written = await calendar.create(replace(DRAFT, location=location), f"{MARKER}{number}")
            seen = await observed(calendar, written.id)
            assert (await calendar_under_test.stored_location(written.id), seen.event.location) == (location,) * 2
            assert seen.event.attendee_count == 0
            assert synced(seen.event) == synced(DRAFT)
            if written.stored is not None:
                assert written.stored.event == seen.event
        assert calendar_under_test.mails() == 0

    async def test_no_update_touches_a_location(self, calendar_under_test: UnderTest) -> None:
        if "location" not in calendar_under_test.has:
            not_supported("its events have no location", "a rule that copies one finds none")
        calendar = await calendar_under_test.opened_for(ALL)
        written = await calendar.create(replace(DRAFT, location=PLACE), MARKER)
        await calendar_under_test.user_say(written.id, "location", "Kanzlei Weiß")
        seen = await observed(calendar, written.id)
        await calendar.update(seen, {"summary": "Neu", "description": "Neu", "when": EVENT.when}, STAMP)
        assert await calendar_under_test.stored_location(written.id) == "Kanzlei Weiß"
