"""Every pattern and range that both sides can express, there and back."""

from typing import Any

import pytest
from lxml import etree

from calsync_sandbox.ews.names import TYPES
from calsync_sandbox.ews.recurrence import read_recurrence, write_recurrence
from calsync_sandbox.mailbox.shapes import recurrence as stored

PATTERNS: dict[str, dict[str, Any]] = {
    "<DailyRecurrence><Interval>2</Interval></DailyRecurrence>": {"type": "daily", "interval": 2},
    "<WeeklyRecurrence><Interval>1</Interval><DaysOfWeek>Monday Friday</DaysOfWeek>"
    "<FirstDayOfWeek>Monday</FirstDayOfWeek></WeeklyRecurrence>": {
        "type": "weekly",
        "interval": 1,
        "daysOfWeek": ["monday", "friday"],
        "firstDayOfWeek": "monday",
    },
    "<AbsoluteMonthlyRecurrence><Interval>3</Interval><DayOfMonth>31</DayOfMonth></AbsoluteMonthlyRecurrence>": {
        "type": "absoluteMonthly",
        "interval": 3,
        "dayOfMonth": 31,
    },
    "<RelativeMonthlyRecurrence><Interval>1</Interval><DaysOfWeek>Weekday</DaysOfWeek>"
    "<DayOfWeekIndex>Last</DayOfWeekIndex></RelativeMonthlyRecurrence>": {
        "type": "relativeMonthly",
        "interval": 1,
        "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"],
        "index": "last",
    },
    "<RelativeMonthlyRecurrence><Interval>1</Interval><DaysOfWeek>WeekendDay</DaysOfWeek>"
    "<DayOfWeekIndex>First</DayOfWeekIndex></RelativeMonthlyRecurrence>": {
        "type": "relativeMonthly",
        "interval": 1,
        "daysOfWeek": ["sunday", "saturday"],
        "index": "first",
    },
    "<AbsoluteYearlyRecurrence><DayOfMonth>29</DayOfMonth><Month>February</Month></AbsoluteYearlyRecurrence>": {
        "type": "absoluteYearly",
        "interval": 1,
        "dayOfMonth": 29,
        "month": 2,
    },
    "<RelativeYearlyRecurrence><DaysOfWeek>Tuesday</DaysOfWeek><DayOfWeekIndex>Second</DayOfWeekIndex>"
    "<Month>December</Month></RelativeYearlyRecurrence>": {
        "type": "relativeYearly",
        "interval": 1,
        "daysOfWeek": ["tuesday"],
        "index": "second",
        "month": 12,
    },
}
RANGES: dict[str, dict[str, Any]] = {
    "<NoEndRecurrence><StartDate>2026-03-02</StartDate></NoEndRecurrence>": {"type": "noEnd"},
    "<EndDateRecurrence><StartDate>2026-03-02</StartDate><EndDate>2026-05-01</EndDate></EndDateRecurrence>": {
        "type": "endDate",
        "endDate": "2026-05-01",
    },
    "<NumberedRecurrence><StartDate>2026-03-02</StartDate><NumberOfOccurrences>5</NumberOfOccurrences>"
    "</NumberedRecurrence>": {"type": "numbered", "numberOfOccurrences": 5},
}


@pytest.mark.parametrize("span", RANGES)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_there_and_back(pattern: str, span: str) -> None:
    element = etree.fromstring(f'<Recurrence xmlns="{TYPES}">{pattern}{span}</Recurrence>')
    read = read_recurrence(element)
    assert read == {"pattern": PATTERNS[pattern], "range": {"startDate": "2026-03-02", **RANGES[span]}}
    assert _plain(write_recurrence(stored(read))) == _plain(element)


def test_dates_may_carry_an_offset() -> None:
    element = etree.fromstring(
        f'<Recurrence xmlns="{TYPES}"><DailyRecurrence><Interval>1</Interval></DailyRecurrence><EndDateRecurrence>'
        "<StartDate>2026-03-02Z</StartDate><EndDate>2026-05-01+01:00</EndDate></EndDateRecurrence></Recurrence>"
    )
    span = read_recurrence(element)["range"]
    assert (span["startDate"], span["endDate"]) == ("2026-03-02", "2026-05-01")


def _plain(element: Any) -> list[tuple[str, str]]:
    return [(str(etree.QName(one).localname), (one.text or "").strip()) for one in element.iter()]
