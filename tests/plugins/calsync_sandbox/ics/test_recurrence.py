from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from calsync_sandbox.ics.recurrence import recurrence

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 12, 8, 9, tzinfo=BERLIN)
"""The second Tuesday of the month."""


def pattern(rule: str) -> dict[str, Any]:
    """Return what the pattern says, without the properties that Graph fills in for the other types."""
    found = recurrence(rule, START, timedelta(0), BERLIN)["pattern"]
    return {name: value for name, value in found.items() if value not in (0, [], "monday")}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=DAILY;INTERVAL=3", {"type": "daily", "interval": 3}),
        ("FREQ=DAILY;BYDAY=MO,FR", {"type": "weekly", "daysOfWeek": ["monday", "friday"]}),
        ("FREQ=WEEKLY", {"type": "weekly", "daysOfWeek": ["tuesday"]}),
        ("FREQ=WEEKLY;BYDAY=TH,TU;WKST=SU", {"daysOfWeek": ["tuesday", "thursday"], "firstDayOfWeek": "sunday"}),
        ("FREQ=MONTHLY;BYMONTHDAY=14", {"type": "absoluteMonthly", "dayOfMonth": 8}),
        ("FREQ=MONTHLY;BYDAY=2TU", {"type": "relativeMonthly", "daysOfWeek": ["tuesday"], "index": "second"}),
        ("FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2", {"type": "relativeMonthly", "index": "second"}),
        ("FREQ=MONTHLY;BYDAY=TU,WE", {"type": "weekly", "daysOfWeek": ["tuesday", "wednesday"]}),
        ("FREQ=YEARLY", {"type": "absoluteYearly", "month": 12, "dayOfMonth": 8}),
        ("FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", {"type": "relativeYearly", "month": 12, "index": "second"}),
        ("freq=weekly;interval=500", {"type": "weekly", "interval": 99}),
        ("FREQ=WEEKLY;BYDAY=XX", {"type": "weekly", "daysOfWeek": ["tuesday"]}),
        ("FREQ=HOURLY;INTERVAL=6", {"type": "daily", "interval": 1}),
        ("BYDAY=MO", {"type": "weekly", "daysOfWeek": ["monday"]}),
        ("", {"type": "daily", "interval": 1}),
    ],
)
def test_the_nearest_pattern(rule: str, expected: dict[str, Any]) -> None:
    assert expected.items() <= pattern(rule).items()


def test_counted_from_the_end_of_the_month() -> None:
    start = datetime(2026, 12, 29, 9, tzinfo=BERLIN)
    assert recurrence("FREQ=MONTHLY;BYDAY=-1TU", start, timedelta(0), BERLIN)["pattern"]["index"] == "last"
    fifth = datetime(2026, 12, 31, 9, tzinfo=BERLIN)
    assert recurrence("FREQ=MONTHLY;BYDAY=5TH", fifth, timedelta(0), BERLIN)["pattern"]["index"] == "last"


@pytest.mark.parametrize(
    ("rule", "kind", "end", "count"),
    [
        ("FREQ=WEEKLY", "noEnd", "0001-01-01", 0),
        ("FREQ=WEEKLY;COUNT=7", "numbered", "0001-01-01", 7),
        ("FREQ=WEEKLY;COUNT=5000", "numbered", "0001-01-01", 999),
        ("FREQ=WEEKLY;UNTIL=20270131", "endDate", "2027-02-14", 0),
        ("FREQ=WEEKLY;UNTIL=20270131T233000Z", "endDate", "2027-02-15", 0),
        ("FREQ=WEEKLY;UNTIL=20200101T000000", "endDate", "2026-12-08", 0),
        ("FREQ=WEEKLY;UNTIL=bald", "noEnd", "0001-01-01", 0),
        ("", "numbered", "0001-01-01", 1),
    ],
)
def test_ranges_move_with_the_series(rule: str, kind: str, end: str, count: int) -> None:
    found = recurrence(rule, START, timedelta(weeks=2), BERLIN)["range"]
    assert (found["type"], found["endDate"], found["numberOfOccurrences"]) == (kind, end, count)
    assert (found["startDate"], found["recurrenceTimeZone"]) == ("2026-12-08", "Europe/Berlin")


def test_an_all_day_series_is_in_the_mailbox_s_zone() -> None:
    found = recurrence("FREQ=YEARLY", date(2026, 12, 24), timedelta(0), ZoneInfo("America/Chicago"))
    assert found["range"]["recurrenceTimeZone"] == "America/Chicago"
