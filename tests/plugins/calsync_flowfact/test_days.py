"""The form of whole days is told by all-day appointments."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from calsync_flowfact.config import FieldMap
from calsync_flowfact.days import days_end, days_zone, whole_days

BERLIN = ZoneInfo("Europe/Berlin")
TICK = FieldMap("ganztags", "bool")


def at(day: int, hour: int = 0, minute: int = 0, *, zone: Any = BERLIN) -> datetime:
    return datetime(2026, 12, day, hour, minute, tzinfo=zone)


def fields(codec: str, all_day: FieldMap) -> dict[str, FieldMap]:
    return {"start": FieldMap("beginn", codec), "end": FieldMap("ende", codec), "all_day": all_day}


def entity(start: object, end: object, *, tick: bool = True) -> dict[str, Any]:
    content = {"beginn": start, "ende": end, "ganztags": tick}
    return {name: {"values": [value]} for name, value in content.items()}


@pytest.mark.parametrize(
    ("spans", "end", "zone"),
    [
        ([(at(1), at(1)), (at(1), at(3))], "inclusive", "account"),
        ([(at(1), at(2)), (at(1), at(4))], "exclusive", "account"),
        ([(at(1), at(1, 23, 59)), (at(1), at(3, 23, 59))], "last_minute", "account"),
        ([(at(1, zone=UTC), at(2, zone=UTC))], "exclusive", "utc"),
        ([(at(1), at(3))], None, "account"),
        ([(at(1), at(1)), (at(1), at(2))], None, "account"),
        ([(at(1, 9), at(1, 9))], None, None),
        ([], None, None),
    ],
)
def test_ends_and_midnights(spans: list[tuple[datetime, datetime]], end: str | None, zone: str | None) -> None:
    found = [(first.astimezone(UTC), last.astimezone(UTC)) for first, last in spans]
    assert (days_end(found), days_zone(found)) == (end, zone)


def test_too_few_say_nothing() -> None:
    spans = [(at(1), at(1))] * 2
    assert (days_end(spans, 2), days_end(spans, 3), days_zone(spans, 3)) == ("inclusive", None, None)


def test_the_ends_of_the_calendar_have_no_form() -> None:
    first, last = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
    spans = [
        (last, last),
        (first, last),
        (datetime(9999, 12, 31, 23, tzinfo=UTC), last.replace(hour=23, minute=59)),
    ]
    days_end(spans)
    days_zone(spans)


def test_which_appointments_are_all_day() -> None:
    days, timed = entity("2026-12-01", "2026-12-02"), entity("2026-12-01T10:00", "2026-12-01T11:00", tick=False)
    odd = entity("morgen", "2026-12-02")
    both = [days, timed, odd, {"beginn": {"values": ["2026-12-01"]}}]
    for all_day in (TICK, FieldMap(None, "date"), FieldMap(None, "whole_days")):
        ((start, _),) = whole_days(both, fields("iso_local", all_day))
        assert start == at(1)
