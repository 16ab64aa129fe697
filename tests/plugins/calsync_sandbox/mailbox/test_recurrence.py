from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

import pytest

from calsync_sandbox.mailbox.recurrence import Series, series_of
from calsync_sandbox.mailbox.shapes import recurrence
from calsync_sandbox.mailbox.zones import Span


def series(
    pattern: dict[str, Any], start: str, end: str = "noEnd", count: int = 0, last: str = "", **more: Any
) -> Series:
    span = {"type": end, "startDate": start[:10], "numberOfOccurrences": count, "endDate": last or "2030-01-01"}
    event = {
        "start": {"dateTime": start, "timeZone": "W. Europe Standard Time"},
        "end": {"dateTime": start[:11] + "10:00:00", "timeZone": "W. Europe Standard Time"},
        "recurrence": recurrence({"pattern": pattern, "range": span}),
    }
    return series_of(event, more.get("skipped", frozenset()))


WORKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday"]


@pytest.mark.parametrize(
    ("pattern", "start", "days"),
    [
        ({"type": "daily", "interval": 3}, "2026-02-27", ["2026-02-27", "2026-03-02", "2026-03-05"]),
        (
            {"type": "weekly", "interval": 2, "daysOfWeek": ["Sunday", "Wednesday"], "firstDayOfWeek": "monday"},
            "2026-03-04",
            ["2026-03-04", "2026-03-08", "2026-03-18"],
        ),
        (
            {"type": "weekly", "interval": 2, "daysOfWeek": ["sunday", "wednesday"]},
            "2026-03-04",
            ["2026-03-04", "2026-03-15", "2026-03-18"],
        ),
        (
            {"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 31},
            "2026-01-31",
            ["2026-01-31", "2026-02-28", "2026-03-31"],
        ),
        (
            {"type": "relativeMonthly", "interval": 2, "daysOfWeek": ["tuesday"], "index": "second"},
            "2026-03-10",
            ["2026-03-10", "2026-05-12", "2026-07-14"],
        ),
        (
            {"type": "relativeMonthly", "interval": 1, "daysOfWeek": WORKDAYS, "index": "last"},
            "2026-01-30",
            ["2026-01-30", "2026-02-27", "2026-03-31"],
        ),
        (
            {"type": "absoluteYearly", "interval": 1, "month": 2, "dayOfMonth": 29},
            "2024-02-29",
            ["2024-02-29", "2025-02-28", "2026-02-28"],
        ),
        (
            {"type": "relativeYearly", "interval": 1, "month": 11, "daysOfWeek": ["thursday"], "index": "fourth"},
            "2025-11-01",
            ["2025-11-27", "2026-11-26", "2027-11-25"],
        ),
    ],
)
def test_patterns(pattern: dict[str, Any], start: str, days: list[str]) -> None:
    found = series(pattern, f"{start}T09:00:00").days()
    assert [day.isoformat() for day in islice(found, 3)] == days


def test_ends() -> None:
    daily = {"type": "daily", "interval": 1}
    assert len(list(series(daily, "2026-03-02T09:00:00", "numbered", count=4).days())) == 4
    assert list(series(daily, "2026-03-02T09:00:00", "endDate", last="2026-03-03").days())[-1] == date(2026, 3, 3)
    for pattern in (daily, {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"]}):
        assert list(series(pattern, "2026-03-02T09:00:00").days())[-1].year == 2200


def test_a_series_keeps_its_wall_time_and_skips_what_it_must() -> None:
    march = Span(datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    daily = series({"type": "daily", "interval": 1}, "2026-01-01T09:00:00", skipped=frozenset({date(2026, 3, 30)}))
    found = list(daily.within(march))
    assert [(day.day, span.start.hour, (span.end - span.start).seconds) for day, span in found] == [
        (28, 8, 3600),
        (29, 7, 3600),
        (31, 7, 3600),
    ]
    assert daily.has(date(2026, 3, 29))
    assert not daily.has(date(2026, 3, 30))
    assert not daily.has(date(2025, 3, 30))


def test_neighbours() -> None:
    weekly = series(
        {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"]}, "2026-03-02T09:00:00", "numbered", 2
    )
    assert weekly.neighbours(date(2026, 3, 2)) == (date.min, date(2026, 3, 9))
    assert weekly.neighbours(date(2026, 3, 9)) == (date(2026, 3, 2), date.max)
