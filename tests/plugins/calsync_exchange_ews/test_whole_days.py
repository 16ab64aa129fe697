"""Whole days where the clocks go forward at midnight: such a midnight does not exist."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from calsync.sync.model import AllDay
from calsync.testing.contract.case import DRAFT, MARKER, observed
from calsync.values import replace
from tests.plugins.calsync_exchange_ews.test_contract import opened

if TYPE_CHECKING:
    from calsync.sync.model import When

ONE_DAY = timedelta(days=1)
GAPS = {
    "Africa/Cairo": date(2026, 4, 24),
    "Asia/Beirut": date(2026, 3, 29),
    "America/Santiago": date(2026, 9, 6),
    "America/Havana": date(2026, 3, 8),
}


@pytest.mark.parametrize(("zone", "day"), GAPS.items())
async def test_a_midnight_that_does_not_exist(zone: str, day: date) -> None:
    spans: list[When] = [
        AllDay(day, day + ONE_DAY),
        AllDay(day - ONE_DAY, day),
        AllDay(day - ONE_DAY, day + ONE_DAY),
    ]
    async with opened({}, {}, zone=ZoneInfo(zone)) as under_test:
        calendar = under_test.calendar
        for number, when in enumerate(spans):
            written = await calendar.create(replace(DRAFT, when=when), f"{MARKER}{number}")
            assert (await observed(calendar, written.id)).event.when == when
        for when in spans:
            await calendar.update(await observed(calendar, written.id), {"when": when}, "")
            assert (await observed(calendar, written.id)).event.when == when
