"""Times on the wire, and the zones that they are written in.

A dateTime with an offset is an instant. Without one it is a wall time: in StartTimeZone or EndTimeZone, else in
the header's TimeZoneContext, else in UTC. A zone's id is kept as it was written, also one that nobody knows; its
times are stored in the mailbox's own zone, which changes no instant.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from calsync_sandbox.ews.errors import EwsError
from calsync_sandbox.mailbox.errors import MailboxError
from calsync_sandbox.mailbox.events import span_of
from calsync_sandbox.mailbox.zones import seven, zone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from calsync_sandbox.mailbox.events import Json

_FIRST_YEAR, _LAST_YEAR = 1601, 4500
"""What a mailbox's clock can tell (MS-OXCDATA section 2.11.1, PtypTime)."""
_LONGEST = timedelta(days=5 * 366)


@dataclass(slots=True, kw_only=True)
class Times:
    """What a create or an update says about an item's time; None where it says nothing."""

    start: str | None = None
    end: str | None = None
    all_day: bool | None = None
    start_zone: str | None = None
    end_zone: str | None = None

    @property
    def given(self) -> bool:
        return any(
            value is not None for value in (self.start, self.end, self.all_day, self.start_zone, self.end_zone)
        )


@dataclass(frozen=True, slots=True)
class _Edge:
    """A start or an end, in the zone under whose id it is kept."""

    at: datetime
    id: str


def stored_times(times: Times, old: Json | None, context: str | None, home: str) -> dict[str, Any]:
    """Return start, end and isAllDay as the mailbox stores them, each with the id of its zone.

    `context` is the zone of the request's header, `home` the mailbox's own. Raises EwsError.
    """
    all_day = bool(old["isAllDay"]) if times.all_day is None and old else bool(times.all_day)
    start = _edge("start", times.start, times.start_zone, old, context, home)
    end = _edge("end", times.end, _first(times.end_zone, times.start_zone), old, context, home)
    if end.at < start.at:
        raise EwsError("ErrorCalendarEndDateIsEarlierThanStartDate", "EndDate is earlier than StartDate")
    if end.at - start.at > _LONGEST:
        raise EwsError("ErrorCalendarDurationIsTooLong", "Calendar item duration is too long.")
    if all_day:
        start, end = _whole_days(start, end)
    return {
        "start": _wall(start, home),
        "end": _wall(end, home),
        "isAllDay": all_day,
        "originalStartTimeZone": start.id,
        "originalEndTimeZone": end.id,
    }


def read_instant(text: str, context: str | None = None) -> datetime:
    """Return the instant of a dateTime; one without an offset is in the context's zone, else in UTC."""
    return _parsed(text, _known(context) or zone("UTC"))


def iso(at: datetime) -> str:
    """Write an instant as Exchange does: in UTC, without fractions."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _edge(
    name: str, text: str | None, zone_id: str | None, old: Json | None, context: str | None, home: str
) -> _Edge:
    """Return one edge. What is not written keeps its instant and its zone."""
    kept = None if old is None else str(old["originalStartTimeZone" if name == "start" else "originalEndTimeZone"])
    use = _first(zone_id, kept, context, "UTC") or ""
    known = _known(use) or zone(home)
    if text is None:
        if old is None:
            raise EwsError("ErrorInvalidRequest", "A time is missing.")
        return _Edge(getattr(span_of(old), name).astimezone(known), use)
    wall_zone = _known(zone_id or context or kept) or known
    return _Edge(_parsed(text, wall_zone).astimezone(known), use)


def _first(*ids: str | None) -> str | None:
    """Return the first id that is given; an empty one is."""
    return next((one for one in ids if one is not None), None)


def _whole_days(start: _Edge, end: _Edge) -> tuple[_Edge, _Edge]:
    """Force midnights in the start's zone: the start down, the end up, one day at least."""
    first = start.at.replace(hour=0, minute=0, second=0, microsecond=0)
    after = end.at.astimezone(start.at.tzinfo)
    midnight = after.replace(hour=0, minute=0, second=0, microsecond=0)
    last = midnight if midnight == after else midnight + timedelta(days=1)
    return _Edge(first, start.id), _Edge(max(last, first + timedelta(days=1)), start.id)


def _wall(edge: _Edge, home: str) -> Mapping[str, str]:
    """Return an edge's wall time. One that comes twice, in autumn, tells its second time in UTC only.

    Exchange stores an instant, and its zone beside it (MS-OXOCAL, PidLidAppointmentStartWhole): it never mixes up
    the two.
    """
    if edge.at.astimezone(UTC) != edge.at.replace(fold=0).astimezone(UTC):
        return {"dateTime": seven(edge.at.astimezone(UTC)), "timeZone": "UTC"}
    known = edge.id if _known(edge.id) is not None else home
    return {"dateTime": seven(edge.at), "timeZone": known}


def _known(name: str | None) -> ZoneInfo | None:
    try:
        return zone(name) if name else None
    except MailboxError:
        return None


def _parsed(text: str, wall_zone: ZoneInfo) -> datetime:
    try:
        at = datetime.fromisoformat(text.strip())
        instant = (at.replace(tzinfo=wall_zone) if at.tzinfo is None else at).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise EwsError("ErrorValueOutOfRange", "The specified value is out of range.") from error
    if not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
        raise EwsError("ErrorValueOutOfRange", "The specified value is out of range.")
    return instant
