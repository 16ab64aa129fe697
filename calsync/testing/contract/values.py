"""The values that have broken calendars before: each is created, and each is written over a plain event."""
# ruff: noqa: S101 - pytest's assertions

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from calsync.sync.model import AllDay, Timed, Window
from calsync.testing.contract.case import (
    DAY,
    DRAFT,
    EVENT,
    MARKER,
    STAMP,
    WINDOW,
    listen,
    not_supported,
    observed,
    synced,
)
from calsync.values import replace

if TYPE_CHECKING:
    from calsync.sync.model import Changes, When
    from calsync.testing.contract.case import UnderTest

WHENS: dict[str, When] = {
    "one day": AllDay(date(2026, 3, 10), date(2026, 3, 11)),
    "three days": AllDay(date(2026, 3, 31), date(2026, 4, 3)),
    "the day with 23 hours": AllDay(date(2026, 3, 29), date(2026, 3, 30)),
    "days around the change": AllDay(date(2026, 3, 28), date(2026, 3, 31)),
    "across the change": Timed(datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
    "on the evening after the change": Timed(
        datetime(2026, 3, 29, 17, tzinfo=UTC), datetime(2026, 3, 29, 18, tzinfo=UTC)
    ),
    "over midnight": Timed(DAY - timedelta(hours=2), DAY + timedelta(hours=2)),
    "midnight to midnight, timed": Timed(DAY - timedelta(hours=1), DAY + timedelta(hours=23)),
    "several days, timed": Timed(DAY, DAY + timedelta(days=3, minutes=7)),
    "no length": Timed(DAY, DAY),
    "in the hour that comes twice": Timed(
        datetime(2026, 10, 25, 0, 10, tzinfo=UTC), datetime(2026, 10, 25, 0, 40, tzinfo=UTC)
    ),
    "in that hour, the second time": Timed(
        datetime(2026, 10, 25, 1, 10, tzinfo=UTC), datetime(2026, 10, 25, 1, 40, tzinfo=UTC)
    ),
    "from the one to the other": Timed(
        datetime(2026, 10, 25, 0, 20, tzinfo=UTC), datetime(2026, 10, 25, 1, 20, tzinfo=UTC)
    ),
    "the day with 25 hours": AllDay(date(2026, 10, 25), date(2026, 10, 26)),
}
"""When events are. Around each change of Europe's clocks an hour is left out, or comes twice."""
AUTUMN = Window(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC))
TEXTS: dict[str, str] = {
    "umlauts": "Übergabe Haus ÄÖÜ, Straße & Söhne",
    "emoji": "Besichtigung 🏡🔑 mit Familie 👨‍👩‍👧",
    "markup": "<b>fett</b> & <script>alert('x')</script> &amp; &lt;p&gt; 5 < 6 > 4",
    "quotes": "\"Zitat\" 'einfach' \\ ` ${CURRENT_USER.id} %s {0}",
    "other scripts": "Встреча 会议 اجتماع",
}
"""For a summary, and for notes."""
LINES: dict[str, str] = {
    "windows": "eins\r\nzwei\r\n\r\nvier",
    "blank lines": "eins\n\n\nvier",
    "indented": "Liste:\n  - eins\n    - zwei",
    "long": "Eine Zeile mit etwas Text darin.\n" * 200,
}
"""For notes only."""


BERLIN = ZoneInfo("Europe/Berlin")


def can_be_stored(under_test: UnderTest, when: When) -> None:
    """End a test of a time in the second of two equal hours, where the system cannot tell it from the first."""
    second = isinstance(when, Timed) and any(at.astimezone(BERLIN).fold for at in (when.start, when.end))
    if second and not under_test.tells_hours_apart:
        not_supported("its times have no offset", "the second of two equal hours is taken for the first")


@pytest.mark.asyncio
class ValuesContract:
    """What is written is what is read, after normalisation."""

    @pytest.mark.parametrize("when", WHENS.values(), ids=WHENS)
    async def test_times_are_kept(self, calendar_under_test: UnderTest, when: When) -> None:
        can_be_stored(calendar_under_test, when)
        calendar = calendar_under_test.calendar
        created = await calendar.create(replace(DRAFT, when=when), MARKER)
        edited = await calendar_under_test.user_create(EVENT)
        await calendar.update(await observed(calendar, edited), {"when": when}, STAMP)
        told = (await listen(calendar, None, WINDOW if WINDOW.holds(when) else AUTUMN)).observations
        assert (told[created.id].event.when, told[edited].event.when) == (when, when)
        assert (await observed(calendar, created.id)).event.when == when

    async def test_a_timed_event_becomes_one_of_whole_days_and_back(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        event_id = await calendar_under_test.user_create(EVENT)
        for when in (WHENS["three days"], WHENS["over midnight"], WHENS["one day"], EVENT.when):
            await calendar.update(await observed(calendar, event_id), {"when": when}, STAMP)
            assert (await observed(calendar, event_id)).event.when == when

    @pytest.mark.parametrize("when", WHENS.values(), ids=WHENS)
    async def test_times_that_users_choose_are_read(self, calendar_under_test: UnderTest, when: When) -> None:
        can_be_stored(calendar_under_test, when)
        event_id = await calendar_under_test.user_create(replace(EVENT, when=when))
        assert (await observed(calendar_under_test.calendar, event_id)).event.when == when

    async def test_another_time_keeps_the_zone_that_a_person_chose(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        event_id = await calendar_under_test.user_create_in(EVENT, "America/New_York")
        zone = await calendar_under_test.stored_zone(event_id)
        for when in (WHENS["several days, timed"], WHENS["across the change"]):
            await calendar.update(await observed(calendar, event_id), {"when": when}, STAMP)
            assert (await observed(calendar, event_id)).event.when == when
            assert await calendar_under_test.stored_zone(event_id) == zone

    @pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
    async def test_summaries_are_kept(self, calendar_under_test: UnderTest, text: str) -> None:
        await self._kept(calendar_under_test, summary=text, description="")

    @pytest.mark.parametrize("text", [*TEXTS.values(), *LINES.values()], ids=[*TEXTS, *LINES])
    async def test_notes_are_kept(self, calendar_under_test: UnderTest, text: str) -> None:
        await self._kept(calendar_under_test, summary="Termin", description=text)

    async def test_tabs_keep_their_words_apart(self, calendar_under_test: UnderTest) -> None:
        # HTML has no tabs: a system that stores notes as HTML may give spaces instead.
        calendar = calendar_under_test.calendar
        written = await calendar.create(replace(DRAFT, description="Raum\tFläche\n\tFlur"), MARKER)
        found = (await observed(calendar, written.id)).event.description
        assert [line.split() for line in found.split("\n")] == [["Raum", "Fläche"], ["Flur"]]

    async def test_an_event_may_have_no_summary_and_no_notes(self, calendar_under_test: UnderTest) -> None:
        await self._kept(calendar_under_test, summary="", description="")

    async def test_notes_can_be_emptied(self, calendar_under_test: UnderTest) -> None:
        calendar = calendar_under_test.calendar
        event_id = await calendar_under_test.user_create(EVENT)
        await calendar.update(await observed(calendar, event_id), {"description": ""}, STAMP)
        assert (await observed(calendar, event_id)).event.description == ""
        assert (await listen(calendar)).observations[event_id].event.description == ""

    async def _kept(self, under_test: UnderTest, *, summary: str, description: str) -> None:
        """Write texts by a create and by an update, and find them in a read and in a listing."""
        calendar, draft = under_test.calendar, replace(DRAFT, summary=summary, description=description)
        created = await calendar.create(draft, MARKER)
        edited = await under_test.user_create(EVENT)
        changes: Changes = {"summary": summary, "description": description}
        await calendar.update(await observed(calendar, edited), changes, STAMP)
        told = (await listen(calendar)).observations
        for event_id in (created.id, edited):
            assert synced(told[event_id].event) == synced(draft)
            assert synced((await observed(calendar, event_id)).event) == synced(draft)
