"""Recurrences: the patterns that Graph and EWS both can express, from one's form to the other's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync_sandbox.ews.names import Element, find, local, t, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_GROUPS = {"day": _DAYS, "weekday": _DAYS[1:6], "weekendday": (_DAYS[0], _DAYS[6])}
_GROUP_NAMES = {
    frozenset(days): name
    for name, days in (("Day", _DAYS), ("Weekday", _DAYS[1:6]), ("WeekendDay", (_DAYS[0], _DAYS[6])))
}
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_TYPES = {
    "DailyRecurrence": "daily",
    "WeeklyRecurrence": "weekly",
    "AbsoluteMonthlyRecurrence": "absoluteMonthly",
    "RelativeMonthlyRecurrence": "relativeMonthly",
    "AbsoluteYearlyRecurrence": "absoluteYearly",
    "RelativeYearlyRecurrence": "relativeYearly",
}
_NAMES = {kind: name for name, kind in _TYPES.items()}
_PARTS = {
    "daily": ("Interval",),
    "weekly": ("Interval", "DaysOfWeek", "FirstDayOfWeek"),
    "absoluteMonthly": ("Interval", "DayOfMonth"),
    "relativeMonthly": ("Interval", "DaysOfWeek", "DayOfWeekIndex"),
    "absoluteYearly": ("DayOfMonth", "Month"),
    "relativeYearly": ("DaysOfWeek", "DayOfWeekIndex", "Month"),
}
"""The children of each pattern in their order. A year's patterns have no interval."""


def read_recurrence(element: Element) -> dict[str, Any]:
    """Return a Recurrence, which the schema has been asked about before, as Graph's JSON."""
    pattern, span = element[0], element[1]
    read: dict[str, Any] = {"type": _TYPES[local(pattern)], "interval": int(text_of(pattern, "Interval") or 1)}
    for child in pattern:
        read |= _read_part(local(child), (child.text or "").strip())
    return {"pattern": read, "range": _read_range(span)}


def write_recurrence(recurrence: Mapping[str, Any]) -> Element:
    """Return a stored recurrence as an element."""
    pattern, span = recurrence["pattern"], recurrence["range"]
    parts = [t(name, text=_part(name, pattern)) for name in _PARTS[pattern["type"]]]
    return t("Recurrence", t(_NAMES[pattern["type"]], *parts), _range(span))


def _read_part(name: str, text: str) -> dict[str, Any]:
    if name == "DaysOfWeek":
        days = [day for word in text.lower().split() for day in _GROUPS.get(word, (word,))]
        return {"daysOfWeek": days}
    if name == "FirstDayOfWeek":
        return {"firstDayOfWeek": text.lower()}
    if name == "DayOfWeekIndex":
        return {"index": text.lower()}
    if name == "DayOfMonth":
        return {"dayOfMonth": int(text)}
    if name == "Month":
        return {"month": _MONTHS.index(text) + 1}
    return {}


def _read_range(span: Element) -> dict[str, Any]:
    read: dict[str, Any] = {"startDate": (text_of(span, "StartDate") or "")[:10]}
    count, end = find(span, "NumberOfOccurrences"), text_of(span, "EndDate")
    if count is not None:
        return read | {"type": "numbered", "numberOfOccurrences": int(count.text or 0)}
    return read | ({"type": "noEnd"} if end is None else {"type": "endDate", "endDate": end[:10]})


def _part(name: str, pattern: Mapping[str, Any]) -> str:
    if name == "DaysOfWeek":
        days = pattern["daysOfWeek"]
        group = _GROUP_NAMES.get(frozenset(days)) if pattern["type"] != "weekly" else None
        return group or " ".join(day.capitalize() for day in days)
    if name == "Month":
        return _MONTHS[pattern["month"] - 1]
    value = pattern[{"FirstDayOfWeek": "firstDayOfWeek", "DayOfWeekIndex": "index"}.get(name, _json_name(name))]
    return str(value).capitalize()


def _json_name(name: str) -> str:
    return name[0].lower() + name[1:]


def _range(span: Mapping[str, Any]) -> Element:
    start = t("StartDate", text=span["startDate"])
    if span["type"] == "numbered":
        count = t("NumberOfOccurrences", text=str(span["numberOfOccurrences"]))
        return t("NumberedRecurrence", start, count)
    if span["type"] == "endDate":
        return t("EndDateRecurrence", start, t("EndDate", text=span["endDate"]))
    return t("NoEndRecurrence", start)
