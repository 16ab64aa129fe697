"""In which form whole days are stored, told by all-day appointments: when they end, and at whose midnights.

One that ends when it begins is stored to its last day (`inclusive`), one that ends at 23:59 to its last minute,
one that ends at the next midnight to the day after it. A later midnight may be that of the last day, or after it.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC
from typing import TYPE_CHECKING

from calsync_flowfact.entity import values
from calsync_flowfact.mapping import flag
from calsync_flowfact.times import DAY, HOME, InstantCodec, Unreadable, day_start

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, tzinfo

    from calsync_flowfact.config import FieldMap
    from calsync_flowfact.entity import Entity

Span = tuple["datetime", "datetime"]


def whole_days(entities: Iterable[Entity], fields: Mapping[str, FieldMap]) -> Sequence[Span]:
    """Return start and end of the appointments that are all-day, by their field or by their times."""
    codec = fields["all_day"].codec
    start, end = (InstantCodec(fields[key].codec, HOME) for key in ("start", "end"))
    spans: list[Span] = []
    for entity in entities:
        starts, ends = (values(entity, fields[key].field) for key in ("start", "end"))
        if not starts or not ends or (codec in ("bool", "list") and not flag(entity, fields["all_day"])):
            continue
        if codec == "date" and not (start.is_day(starts[0]) and end.is_day(ends[0])):
            continue
        try:
            span = start.decode(starts[0]), end.decode(ends[0])
        except Unreadable:
            continue
        if codec != "whole_days" or _end(*span):
            spans.append(span)
    return spans


def days_end(spans: Sequence[Span], least: int = 1) -> str | None:
    """Return `exclusive`, `inclusive` or `last_minute`; None where fewer than `least` agree, or no majority."""
    return _majority([found for span in spans if (found := _end(*span))], least)


def days_zone(spans: Sequence[Span], least: int = 1) -> str | None:
    """Return whose midnights the days begin at, `account` or `utc`; None as in `days_end`."""
    zones = [zone for start, _ in spans if (zone := _zone(start))]
    return _majority(["utc" if zone is UTC else "account" for zone in zones], least)


def _majority(found: Sequence[str], least: int) -> str | None:
    form, count = Counter(found).most_common(1)[0] if found else ("", 0)
    return form if count >= least and count * 2 > len(found) else None


def _end(start: datetime, end: datetime) -> str | None:
    zone = _zone(start)
    if zone is None:
        return None
    if end == start:
        return "inclusive"
    try:
        if end == day_start(start.astimezone(zone).date() + DAY, zone):
            return "exclusive"
        local = end.astimezone(zone)
    except OverflowError:
        return None
    return "last_minute" if (local.hour, local.minute) == (23, 59) else None


def _zone(start: datetime) -> tzinfo | None:
    """Return the zone that a day begins in: UTC, or the zone that most of FLOWFACT's users live in."""
    try:
        return next(
            (zone for zone in (UTC, HOME) if start == day_start(start.astimezone(zone).date(), zone)), None
        )
    except OverflowError:
        return None
