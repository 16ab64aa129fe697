from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from calsync_sandbox.ics import Imported

Import = Callable[[str], Imported]


def event(*lines: str) -> str:
    return "\n".join(["BEGIN:VEVENT", "UID:1", "SUMMARY:Besichtigung", *lines, "END:VEVENT"])


def times(imported: Imported) -> tuple[str, str, str, bool]:
    """Return clock, zone and end of the only event; its week is another matter."""
    (single,) = imported.singles
    start, end = single["start"], single["end"]
    return start["dateTime"][11:19], start["timeZone"], end["dateTime"][11:19], single["isAllDay"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["DTSTART:20200106T090000Z", "DTEND:20200106T100000Z"], ("09:00:00", "UTC", "10:00:00", False)),
        (["DTSTART:20200106T090000", "DURATION:PT90M"], ("09:00:00", "Europe/Berlin", "10:30:00", False)),
        (
            ["DTSTART;TZID=Tokyo Standard Time:20200106T090000"],
            ("09:00:00", "Asia/Tokyo", "09:00:00", False),
        ),
        (
            ["DTSTART;TZID=/freeassociation.sourceforge.net/Tzfile/Europe/Vienna:20200106T090000"],
            ("09:00:00", "Europe/Vienna", "09:00:00", False),
        ),
        (["DTSTART;TZID=europe/lisbon:20200106T090000"], ("09:00:00", "Europe/Lisbon", "09:00:00", False)),
        (["DTSTART;TZID=Nirgendwo:20200106T090000"], ("09:00:00", "Europe/Berlin", "09:00:00", False)),
        (["DTSTART:2020-01-06T09:00:00+0900"], ("01:00:00", "Europe/Berlin", "01:00:00", False)),
        (["DTSTART:20200106T0900"], ("09:00:00", "Europe/Berlin", "09:00:00", False)),
        (["DTSTART:20200106T093060"], ("09:30:59", "Europe/Berlin", "09:30:59", False)),
        (["DTSTART;VALUE=DATE:20200106"], ("00:00:00", "Europe/Berlin", "00:00:00", True)),
        (
            ["DTSTART;VALUE=DATE:20200106", "DTEND;VALUE=DATE:20200106"],
            ("00:00:00", "Europe/Berlin", "00:00:00", True),
        ),
        (
            ["DTSTART;VALUE=DATE:20200106", "DTEND:20200106T180000"],
            ("00:00:00", "Europe/Berlin", "00:00:00", True),
        ),
        (
            ["DTSTART:20200106T180000", "DTEND;VALUE=DATE:20200107"],
            ("18:00:00", "Europe/Berlin", "00:00:00", False),
        ),
    ],
)
def test_times_as_programs_write_them(
    import_events: Import, lines: list[str], expected: tuple[str, str, str, bool]
) -> None:
    assert times(import_events(event(*lines))) == expected


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "no DTSTART"),
        (["DTSTART:soon"], "DTSTART is no date: 'soon'"),
        (["DTSTART:20200231T090000"], "DTSTART is no date: '20200231T090000'"),
        (["DTSTART:20200206T250000"], "DTSTART is no time: '20200206T250000'"),
        (["DTSTART:20200106T090000", "DTEND:20200106T080000"], "ends before it starts"),
        (["DTSTART:20200106T090000", "DURATION:-PT1H"], "ends before it starts"),
        (["DTSTART:20200106T090000", "DURATION:lange"], "DURATION is no duration: 'lange'"),
        (["DTSTART:99991231T090000", "DURATION:P3D"], "ends after the year 9999"),
        (["DTSTART:20200106T090000", "STATUS:CANCELLED"], "cancelled"),
    ],
)
def test_what_no_mailbox_could_hold_is_refused_by_itself(
    import_events: Import, lines: list[str], reason: str
) -> None:
    imported = import_events(event(*lines) + "\n" + event("DTSTART:20200106T090000"))
    assert len(imported.singles) == 1
    assert [(row.outcome, row.reason) for row in imported.table] == [("refused", reason), ("moved", "")]


def test_the_length_of_an_all_day_event_is_whole_days(import_events: Import) -> None:
    (single,) = import_events(event("DTSTART;TZID=America/Los_Angeles:20041225", "DURATION:PT86401S")).singles
    start, end = (datetime.fromisoformat(single[name]["dateTime"]) for name in ("start", "end"))
    assert end - start == timedelta(days=2)
