"""Values that may be more than a system can hold: they are kept whole, or refused, but never cut."""
# ruff: noqa: S101 - pytest's assertions

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

from calsync.errors import EventError
from calsync.testing.contract.case import DRAFT, EVENT, MARKER, STAMP, listen, not_supported, observed, synced
from calsync.values import replace

if TYPE_CHECKING:
    from calsync.sync.model import Draft
    from calsync.testing.contract.case import UnderTest

LINE = "Eine Zeile mit etwas Text darin, damit es viele werden.\n"
SIZES: dict[str, Draft] = {
    "a summary of 255 characters": replace(DRAFT, summary=("Ö" * 254) + "x"),
    "a summary of 1,000 characters": replace(DRAFT, summary=("Besichtigung " * 77)[:999] + "x"),
    "notes of 30,000 characters": replace(DRAFT, description=(LINE * 600)[:29_999] + "x"),
    "notes of 250,000 characters": replace(DRAFT, description=(LINE * 5_000)[:249_999] + "x"),
}
"""Exchange takes 255 characters of a subject. Each ends with a letter, so that what is cut is seen."""


def refused() -> NoReturn:
    not_supported("it refuses so much", "the event is left out by calsync, and its owner is told")


@pytest.mark.asyncio
class LimitsContract:
    """What `EventError` is for: nobody finds half a text, and takes it for the whole."""

    @pytest.mark.parametrize("draft", SIZES.values(), ids=SIZES)
    async def test_much_is_created_whole_or_not_at_all(self, calendar_under_test: UnderTest, draft: Draft) -> None:
        calendar = calendar_under_test.calendar
        try:
            written = await calendar.create(draft, MARKER)
        except EventError:
            assert (await listen(calendar)).observations == {}
            refused()
        assert synced((await observed(calendar, written.id)).event) == synced(draft)
        assert synced((await listen(calendar)).observations[written.id].event) == synced(draft)

    @pytest.mark.parametrize("draft", SIZES.values(), ids=SIZES)
    async def test_much_is_written_whole_or_nothing_changes(
        self, calendar_under_test: UnderTest, draft: Draft
    ) -> None:
        calendar = calendar_under_test.calendar
        event_id = await calendar_under_test.user_create(EVENT)
        target = await observed(calendar, event_id)
        try:
            await calendar.update(target, {"summary": draft.summary, "description": draft.description}, STAMP)
        except EventError:
            assert await observed(calendar, event_id) == target
            refused()
        assert synced((await observed(calendar, event_id)).event) == synced(draft)
