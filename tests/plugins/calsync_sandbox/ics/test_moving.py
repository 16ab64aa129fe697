from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from calsync_sandbox.ics import Imported, Reach

Import = Callable[[str], Imported]
BERLIN = ZoneInfo("Europe/Berlin")


def event(*lines: str) -> str:
    return "\n".join(["BEGIN:VEVENT", "SUMMARY:Besichtigung", *lines, "END:VEVENT"])


def local(time: dict[str, str]) -> datetime:
    return datetime.fromisoformat(time["dateTime"]).replace(tzinfo=ZoneInfo(time["timeZone"]))


@pytest.mark.parametrize("year", [1601, 1999, 2020, 2048, 9990])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Los_Angeles", "UTC"])
def test_wall_clock_and_weekday_are_kept(import_events: Import, reach: Reach, year: int, zone: str) -> None:
    text = f"DTSTART;TZID={zone}:{year}0711T093000"
    single = import_events(event(text, f"DTEND;TZID={zone}:{year}0711T101500")).singles[0]
    was, start, end = datetime(year, 7, 11, 9, 30), local(single["start"]), local(single["end"])  # noqa: DTZ001
    assert reach.holds(start, end)
    assert start.replace(tzinfo=None) - was == timedelta(
        weeks=(start.replace(tzinfo=None) - was) // timedelta(weeks=1)
    )
    assert end - start == timedelta(minutes=45)


def test_an_event_inside_stays_where_it_is(import_events: Import) -> None:
    imported = import_events(event("DTSTART:20261201T090000"))
    assert imported.singles[0]["start"]["dateTime"] == "2026-12-01T09:00:00.0000000"
    assert [(row.outcome, row.weeks) for row in imported.table] == [("imported", 0)]


def test_no_event_moves_to_a_time_that_the_clock_skips_or_tells_twice(import_events: Import) -> None:
    """Sundays at 02:30, one in each of 200 weeks: none may land on 2027-03-28 or 2026-10-25."""
    first = datetime(2015, 1, 4, 2, 30)  # noqa: DTZ001
    days = ((first + timedelta(weeks=week)).strftime("%Y%m%dT%H%M%S") for week in range(200))
    imported = import_events("\n".join(event(f"DTSTART;TZID=Europe/Berlin:{day}") for day in days))
    starts = [local(single["start"]) for single in imported.singles]
    assert len(starts) == 200
    assert {start.strftime("%a %H:%M") for start in starts} == {"Sun 02:30"}
    assert not {"2027-03-28", "2026-10-25"} & {start.date().isoformat() for start in starts}


def test_events_are_spread_over_the_window(import_events: Import) -> None:
    first = datetime(2010, 1, 4, 9)  # noqa: DTZ001
    days = ((first + timedelta(weeks=week)).strftime("%Y%m%dT%H%M%S") for week in range(300))
    imported = import_events("\n".join(event(f"DTSTART:{day}") for day in days))
    weeks = {local(single["start"]).isocalendar()[:2] for single in imported.singles}
    assert len(weeks) > 50


def test_an_event_longer_than_the_window_still_starts_inside(import_events: Import, reach: Reach) -> None:
    imported = import_events(event("DTSTART;VALUE=DATE:20100101", "DTEND;VALUE=DATE:20140101"))
    start = local(imported.singles[0]["start"])
    assert reach.holds(start, start)


def test_a_series_moves_as_one_with_its_exceptions(import_events: Import, reach: Reach) -> None:
    master = event("UID:1", "DTSTART:20150105T090000", "RRULE:FREQ=WEEKLY;BYDAY=MO", "EXDATE:20150119T090000")
    exception = event("UID:1", "RECURRENCE-ID:20150112T090000", "DTSTART:20150113T110000")
    imported = import_events(f"{exception}\n{master}")
    (series,) = imported.series
    (changed,) = series.exceptions
    assert series.master is not None
    begin = local(series.master["start"])
    assert datetime.fromisoformat(changed["originalStart"]) == begin + timedelta(weeks=1)
    assert local(changed["start"]) == begin + timedelta(days=8, hours=2)
    assert series.cancelled == ((begin + timedelta(weeks=2)).date(),)
    assert reach.holds(local(changed["start"]), local(changed["end"]))
    assert [(row.kind, row.outcome) for row in imported.table] == [("exception", "moved"), ("series", "moved")]
    assert len({row.weeks for row in imported.table}) == 1


def test_an_event_at_the_end_of_time_cannot_be_moved(import_events: Import) -> None:
    text = event("DTSTART;TZID=America/New_York:00010101T010000", "DTEND;TZID=America/New_York:99981231T010000")
    imported = import_events(text + "\n" + event("RRULE:FREQ=DAILY", *text.splitlines()[2:4]))
    assert [(row.outcome, row.reason) for row in imported.table] == [("refused", "cannot be moved")] * 2
