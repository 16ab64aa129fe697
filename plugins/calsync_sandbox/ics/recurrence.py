"""RRULE values as Graph's patternedRecurrence.

Graph knows six patterns and no lists of months, days of a month or hours. What it cannot express becomes the
nearest pattern, so that a series stays a series. Days of a month and of a year follow the moved start, since a
series that moves by weeks keeps its weekday and not its date.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from icalendar import vRecur

if TYPE_CHECKING:
    from calsync_sandbox.ics.times import Moment

_DAYS = {
    "MO": "monday",
    "TU": "tuesday",
    "WE": "wednesday",
    "TH": "thursday",
    "FR": "friday",
    "SA": "saturday",
    "SU": "sunday",
}
_NAMES = tuple(_DAYS.values())
_INDEXES = ("first", "second", "third", "fourth", "last")
_MOST_INTERVAL = 99
_MOST_OCCURRENCES = 999

Rule = Mapping[str, Sequence[Any]]


def recurrence(value: str, start: Moment, shift: timedelta, home: ZoneInfo) -> dict[str, Any]:
    """Return the recurrence of a series whose moved start is `start`; `home` is the mailbox's zone."""
    rule = _rule(value)
    zone = start.tzinfo if isinstance(start, datetime) and isinstance(start.tzinfo, ZoneInfo) else home
    return {"pattern": _pattern(rule, _day(start)), "range": _range(rule, start, shift, zone)}


def _rule(value: str) -> Rule:
    """Read an RRULE; of a damaged one, what every part says by itself."""
    rule: dict[str, Sequence[Any]] = {}
    for part in value.split(";"):
        try:
            rule.update(vRecur.from_ical(part.strip().upper()))
        except ValueError:
            continue  # the nearest pattern does without it
    return rule


def _pattern(rule: Rule, day: date) -> dict[str, Any]:
    frequency = str(_first(rule, "FREQ", "DAILY" if not rule else "WEEKLY"))
    weekdays = [str(name) for name in rule.get("BYDAY", ())]
    pattern = _PATTERNS.get(frequency, _daily)(weekdays, day, "BYSETPOS" in rule)
    interval = int(_first(rule, "INTERVAL", 1)) if frequency in _PATTERNS else 1
    return {
        "type": "daily",
        "interval": min(max(interval, 1), _MOST_INTERVAL),
        "month": 0,
        "dayOfMonth": 0,
        "daysOfWeek": [],
        "firstDayOfWeek": _DAYS.get(str(_first(rule, "WKST", "MO")), "monday"),
        "index": "first",
        **pattern,
    }


def _daily(weekdays: Sequence[str], day: date, position: bool) -> dict[str, Any]:
    return _weekly(weekdays, day, position) if weekdays else {"type": "daily"}


def _weekly(weekdays: Sequence[str], day: date, position: bool) -> dict[str, Any]:
    del position
    return {"type": "weekly", "daysOfWeek": _days(weekdays) or [_NAMES[day.weekday()]]}


def _monthly(weekdays: Sequence[str], day: date, position: bool) -> dict[str, Any]:
    if weekdays and (position or any(re.search(r"\d", name) for name in weekdays)):
        return {"type": "relativeMonthly", "daysOfWeek": [_NAMES[day.weekday()]], "index": _index(weekdays, day)}
    return _weekly(weekdays, day, position) if weekdays else {"type": "absoluteMonthly", "dayOfMonth": day.day}


def _yearly(weekdays: Sequence[str], day: date, position: bool) -> dict[str, Any]:
    if not weekdays:
        return {"type": "absoluteYearly", "dayOfMonth": day.day, "month": day.month}
    relative = _monthly(["1MO"], day, position)
    return {**relative, "type": "relativeYearly", "month": day.month, "index": _index(weekdays, day)}


_PATTERNS = {"DAILY": _daily, "WEEKLY": _weekly, "MONTHLY": _monthly, "YEARLY": _yearly}


def _days(weekdays: Sequence[str]) -> list[str]:
    named = {_DAYS[name[-2:]] for name in weekdays if name[-2:] in _DAYS}
    return [name for name in _NAMES if name in named]


def _index(weekdays: Sequence[str], day: date) -> str:
    """Return which of its weekdays of the month the start is; `last` where the rule counts from the end."""
    is_last = (day + timedelta(days=7)).month != day.month
    from_end = any(name.startswith("-") for name in weekdays)
    return "last" if is_last and from_end else _INDEXES[(day.day - 1) // 7]


def _range(rule: Rule, start: Moment, shift: timedelta, zone: ZoneInfo) -> dict[str, Any]:
    first = _day(start)
    result = {
        "type": "noEnd",
        "startDate": first.isoformat(),
        "endDate": "0001-01-01",
        "recurrenceTimeZone": zone.key,
        "numberOfOccurrences": 0,
    }
    if (until := _first(rule, "UNTIL", None)) is not None:
        last = max(first, _day(_local(until, zone)) + shift)
        return result | {"type": "endDate", "endDate": last.isoformat()}
    if (count := int(_first(rule, "COUNT", 0))) > 0 or not rule:
        return result | {"type": "numbered", "numberOfOccurrences": min(max(count, 1), _MOST_OCCURRENCES)}
    return result


def _local(until: Moment, zone: ZoneInfo) -> Moment:
    """Return an UNTIL in the series' zone; files write it in UTC, without a zone, or as a date."""
    return until.astimezone(zone) if isinstance(until, datetime) and until.tzinfo is not None else until


def _day(at: Moment) -> date:
    return date(at.year, at.month, at.day)


def _first(rule: Rule, name: str, default: Any) -> Any:
    values = rule.get(name)
    return values[0] if values else default
