"""Series: on which days the occurrences of a recurrence fall, and when they start and end."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any

from calsync_sandbox.mailbox.zones import Span, instant, read_wall

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_INDEX = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}
_LAST_YEAR = 2200
"""Series without an end are not followed further."""


@dataclass(frozen=True, slots=True)
class Series:
    """A master's times and its rule. `skipped` holds the days that are cancelled or stand as exceptions."""

    pattern: Mapping[str, Any]
    range: Mapping[str, Any]
    start: datetime
    """Wall time of the first occurrence, in `zone`."""
    length: timedelta
    zone: str
    skipped: frozenset[date] = frozenset()

    def days(self) -> Iterator[date]:
        """Yield the day of every occurrence that the rule makes, in order, the skipped ones too."""
        first = date.fromisoformat(self.range["startDate"])
        days = (day for day in _PATTERNS[self.pattern["type"]](self.pattern, first) if day >= first)
        if self.range["type"] == "numbered":
            return islice(days, self.range["numberOfOccurrences"])
        if self.range["type"] == "endDate":
            last = date.fromisoformat(self.range["endDate"])
            return takewhile(lambda day: day <= last, days)
        return days

    def span(self, day: date) -> Span:
        """Return when the occurrence of a day starts and ends."""
        start = datetime.combine(day, self.start.time())
        return Span(instant(start, self.zone), instant(start + self.length, self.zone))

    def within(self, window: Span) -> Iterator[tuple[date, Span]]:
        """Yield day and span of the occurrences in a window, without the skipped ones."""
        for day in self.days():
            span = self.span(day)
            if span.start >= window.end:
                return
            if day not in self.skipped and span.touches(window):
                yield day, span

    def neighbours(self, day: date) -> tuple[date, date]:
        """Return the days of the occurrences before and after the one of `day`."""
        before, after = date.min, date.max
        for other in self.days():
            if other > day:
                return before, other
            if other < day:
                before = other
        return before, after

    def has(self, day: date) -> bool:
        """Tell whether the rule makes an occurrence on this day that is not skipped."""
        return day not in self.skipped and any(
            other == day for other in takewhile(lambda x: x <= day, self.days())
        )


def series_of(event: Mapping[str, Any], skipped: frozenset[date]) -> Series:
    """Return a stored master's rule."""
    start, end = read_wall(event["start"]["dateTime"]), read_wall(event["end"]["dateTime"])
    recurrence = event["recurrence"]
    return Series(
        recurrence["pattern"], recurrence["range"], start, end - start, event["start"]["timeZone"], skipped
    )


def _daily(pattern: Mapping[str, Any], first: date) -> Iterator[date]:
    day = first
    while day.year <= _LAST_YEAR:
        yield day
        day += timedelta(days=pattern["interval"])


def _weekly(pattern: Mapping[str, Any], first: date) -> Iterator[date]:
    begin = _DAYS.index(pattern["firstDayOfWeek"])
    offsets = sorted((_DAYS.index(name) - begin) % 7 for name in pattern["daysOfWeek"])
    week = first - timedelta(days=(first.weekday() - begin) % 7)
    while week.year <= _LAST_YEAR:
        yield from (week + timedelta(days=offset) for offset in offsets)
        week += timedelta(weeks=pattern["interval"])


def _absolute_monthly(pattern: Mapping[str, Any], first: date) -> Iterator[date]:
    for year, month in _months(first, pattern["interval"]):
        yield _clamped(year, month, pattern["dayOfMonth"])


def _relative_monthly(pattern: Mapping[str, Any], first: date) -> Iterator[date]:
    for year, month in _months(first, pattern["interval"]):
        yield _nth(year, month, pattern)


def _absolute_yearly(pattern: Mapping[str, Any], first: date) -> Iterator[date]:
    for year in range(first.year, _LAST_YEAR, pattern["interval"]):
        yield _clamped(year, pattern["month"], pattern["dayOfMonth"])


def _relative_yearly(pattern: Mapping[str, Any], first: date) -> Iterator[date]:
    for year in range(first.year, _LAST_YEAR, pattern["interval"]):
        yield _nth(year, pattern["month"], pattern)


def _months(first: date, interval: int) -> Iterator[tuple[int, int]]:
    for number in range(first.year * 12 + first.month - 1, _LAST_YEAR * 12, interval):
        yield number // 12, number % 12 + 1


def _clamped(year: int, month: int, day: int) -> date:
    """Return a day of a month; a month that is too short has it on its last day, as Exchange does."""
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def _nth(year: int, month: int, pattern: Mapping[str, Any]) -> date:
    wanted = {_DAYS.index(name) for name in pattern["daysOfWeek"]}
    days = [date(year, month, day) for day in range(1, calendar.monthrange(year, month)[1] + 1)]
    return [day for day in days if day.weekday() in wanted][_INDEX[pattern["index"]]]


_PATTERNS = {
    "daily": _daily,
    "weekly": _weekly,
    "absoluteMonthly": _absolute_monthly,
    "relativeMonthly": _relative_monthly,
    "absoluteYearly": _absolute_yearly,
    "relativeYearly": _relative_yearly,
}
