"""Start, end and other times of an entry, as dates or as date-times in a zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calsync_sandbox.ics.lines import Component, Property
    from calsync_sandbox.ics.zones import Zones

Moment = date | datetime
"""A date of an all-day entry, or a date-time with its ZoneInfo: adding to it keeps the wall clock."""

_DAY = timedelta(days=1)
_MOMENT = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ]?(\d\d):?(\d\d)(?::?(\d\d)(?:[.,]\d+)?)?)?\s*(Z|[+-]\d\d:?\d\d)?$",
    re.IGNORECASE,
)
_DURATION = re.compile(
    r"([+-]?)P(?=.)(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$", re.IGNORECASE
)


class Refused(Exception):  # noqa: N818 - errors are named as outcomes
    """An entry that no mailbox could hold; its text is the reason in the import table."""


def moment(prop: Property, zones: Zones) -> Moment:
    """Return the date or date-time of a property, of several the first. Raises Refused for what is none."""
    return _moment(prop.value.split(",")[0].strip(), prop, zones)


def moments(component: Component, name: str, zones: Zones) -> Iterator[Moment]:
    """Yield all times of all properties of this name; what is no time is left out."""
    for prop in component.all(name):
        for text in prop.value.split(","):
            try:
                yield _moment(text.strip(), prop, zones)
            except Refused:
                continue  # a date that is none excludes nothing


def span(component: Component, zones: Zones) -> tuple[Moment, Moment]:
    """Return start and end of an entry, both dates or both date-times. Raises Refused."""
    started, ended, lasts = (component.first(name) for name in ("DTSTART", "DTEND", "DURATION"))
    if started is None:
        raise Refused("no DTSTART")
    start = moment(started, zones)
    try:
        end = _end(start, ended, lasts, zones)
    except OverflowError as error:
        raise Refused("ends after the year 9999") from error
    if not isinstance(start, datetime) and end == start:
        end = start + _DAY
    if instant(end) < instant(start):
        raise Refused("ends before it starts")
    return start, end


def duration(prop: Property) -> timedelta:
    """Return the length that a property gives. Raises Refused for what is none."""
    match = _DURATION.match(prop.value.strip())
    if match is None:
        raise Refused(f"{prop.name} is no duration: {prop.value.strip()[:30]!r}")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
    length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -length if match[1] == "-" else length


def instant(at: Moment) -> datetime:
    """Return a time to compare by: dates count as midnight UTC."""
    return at.astimezone(UTC) if isinstance(at, datetime) else datetime(at.year, at.month, at.day, tzinfo=UTC)


def _moment(text: str, prop: Property, zones: Zones) -> Moment:
    match = _MOMENT.match(text)
    if match is None:
        raise Refused(f"{prop.name} is no date: {text[:30]!r}")
    year, month, day, hour, minute, second = (int(part) if part else 0 for part in match.groups()[:6])
    try:
        if match[4] is None or prop.parameters.get("VALUE", "").upper() == "DATE":
            return date(year, month, day)
        midnight = datetime(year, month, day)  # noqa: DTZ001 - its zone follows
        clock = midnight + timedelta(hours=hour, minutes=minute, seconds=min(second, 59))
        if hour * 60 + minute > 24 * 60:
            raise Refused(f"{prop.name} is no time: {text[:30]!r}")
        return _in_zone(clock, (match[7] or "").upper(), prop.parameters.get("TZID", ""), zones)
    except (ValueError, OverflowError) as error:
        raise Refused(f"{prop.name} is no date: {text[:30]!r}") from error


def _in_zone(clock: datetime, suffix: str, tzid: str, zones: Zones) -> datetime:
    """Add the zone: a floating time, and one in a zone that nobody knows, is in the mailbox's."""
    if suffix == "Z":
        return clock.replace(tzinfo=ZoneInfo("UTC"))
    zone = (zones.find(tzid) if tzid else None) or zones.home
    if not suffix:
        return clock.replace(tzinfo=zone)
    size = timedelta(hours=int(suffix[1:3]), minutes=int(suffix[-2:]))
    return clock.replace(tzinfo=timezone(-size if suffix[0] == "-" else size)).astimezone(zone)


def _end(start: Moment, ended: Property | None, lasts: Property | None, zones: Zones) -> Moment:
    if ended is not None:
        return _alike(start, moment(ended, zones))
    length = duration(lasts) if lasts is not None else timedelta(0)
    if isinstance(start, datetime):
        return (start.astimezone(UTC) + length).astimezone(start.tzinfo)
    return start + max(_DAY, -(-length // _DAY) * _DAY)


def _alike(start: Moment, end: Moment) -> Moment:
    """Return the end in the form of the start: some programs write a date for one and a time for the other."""
    if isinstance(start, datetime) == isinstance(end, datetime):
        return end
    if isinstance(start, datetime):
        return datetime(end.year, end.month, end.day, tzinfo=start.tzinfo)
    midnight = isinstance(end, datetime) and end.time() == datetime.min.time()
    return date(end.year, end.month, end.day) + (timedelta(0) if midnight else _DAY)
