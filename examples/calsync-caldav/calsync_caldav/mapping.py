"""Reading an event's iCalendar text (RFC 5545)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import icalendar

from calsync.sync.model import AllDay, Event, Timed

if TYPE_CHECKING:
    from collections.abc import Collection
    from zoneinfo import ZoneInfo

    from calsync.sync.model import When

MARKER = "X-CALSYNC-MARKER"
MEETINGS = ("CONFERENCE", "X-GOOGLE-CONFERENCE", "X-MICROSOFT-SKYPETEAMSMEETINGURL")
"""What says that an event has a join link (RFC 7986, and what Google and Microsoft write)."""
SERIES = ("RRULE", "RDATE", "RECURRENCE-ID")
SECRET = frozenset({"PRIVATE", "CONFIDENTIAL"})


class Unreadable(ValueError):  # noqa: N818 - errors are named as outcomes
    """A text holds no event that calsync can understand."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One stored event."""

    text: bytes
    """As the server gave it."""
    event: Event
    marker: str
    """Empty where the event carries none."""
    modified: datetime | None


def read(text: bytes, zone: ZoneInfo, own: Collection[str], *, location: bool) -> Reading:
    """Read an event. `zone`: of times without one. `own`: the user's addresses. Raises Unreadable."""
    try:
        event = main_event(icalendar.Calendar.from_ical(text))
        return Reading(text, _event(event, zone, own, location=location), _text(event, MARKER), _modified(event))
    except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        # What the library makes of broken text is not documented; all of it means the same here.
        raise Unreadable("an event's iCalendar text cannot be read") from error


def main_event(calendar: Any) -> Any:
    """Return the event of a text; of a series its master. Raises Unreadable."""
    events = calendar.walk("VEVENT")
    if not events:
        raise Unreadable("there is no event")
    masters = [event for event in events if "RECURRENCE-ID" not in event]
    return masters[0] if len(masters) == 1 and len(events) == 1 else _of_a_series([*masters, *events][0])


def _of_a_series(event: Any) -> Any:
    """Return an event that has exceptions, such that it is read as a series."""
    if not any(name in event for name in SERIES):
        event = event.copy()
        event.add("RDATE", event["DTSTART"].dt)
    return event


def _event(event: Any, zone: ZoneInfo, own: Collection[str], *, location: bool) -> Event:
    organiser = _text(event, "ORGANIZER")
    return Event(
        summary=_text(event, "SUMMARY"),
        when=_when(event, zone),
        description=_text(event, "DESCRIPTION"),
        reminder=bool(event.walk("VALARM")),
        private=_text(event, "CLASS").upper() in SECRET,
        attendee_count=len(_all(event, "ATTENDEE")),
        organised_here=not organiser or address(organiser) in own,
        online_meeting=any(name in event for name in MEETINGS),
        series=any(name in event for name in SERIES),
        cancelled=_text(event, "STATUS").upper() == "CANCELLED",
        created=_instant(event, "CREATED"),
        uid=_text(event, "UID") or None,
        location=_text(event, "LOCATION") if location else "",
    )


def address(value: str) -> str:
    """Return a calendar address in the form in which two are compared."""
    return value.strip().lower().removeprefix("mailto:")


def _when(event: Any, zone: ZoneInfo) -> When:
    start = event["DTSTART"].dt
    if "DTEND" in event:
        end = event["DTEND"].dt
    elif "DURATION" in event:
        end = start + event["DURATION"].dt
    else:
        end = start if isinstance(start, datetime) else start + timedelta(days=1)
    if isinstance(start, datetime) != isinstance(end, datetime):
        raise Unreadable("an event begins on a day and ends at a time, or the other way round")
    if isinstance(start, datetime):
        begins = _aware(start, zone)
        return Timed(begins, max(begins, _aware(end, zone)))
    return AllDay(start, max(end, start + timedelta(days=1)))


def _aware(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return an instant in UTC: sums and comparisons of local times across a change of the clocks are wrong."""
    return (instant.replace(tzinfo=zone) if instant.tzinfo is None else instant).astimezone(UTC)


def _instant(event: Any, name: str) -> datetime | None:
    found = _all(event, name)
    instant: date | None = getattr(found[0], "dt", None) if found else None
    aware = isinstance(instant, datetime) and instant.tzinfo is not None
    return instant.astimezone(UTC) if aware and isinstance(instant, datetime) else None


def _modified(event: Any) -> datetime | None:
    return _instant(event, "LAST-MODIFIED")


def _text(event: Any, name: str) -> str:
    found = _all(event, name)
    return str(found[0]) if found else ""


def _all(event: Any, name: str) -> list[Any]:
    """Return all values of a property, as the library gives one alone, or a list."""
    found = event.get(name)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]
