"""Writing events as iCalendar text. What calsync does not sync is left as it is."""

from __future__ import annotations

import uuid
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

import icalendar

from calsync.sync.model import Timed, normal_text
from calsync_caldav.mapping import MARKER, main_event

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from calsync.sync.model import Changes, Draft, Value, When

PRODUCT = "-//calsync//calsync-caldav//EN"


def uid_of(marker: str) -> str:
    """Return the UID of the event that a create with this marker makes: the same one for each attempt."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"calsync:{marker}"))


def new_event(draft: Draft, marker: str, zone: ZoneInfo, now: datetime) -> bytes:
    """Return the text of a new event. Nobody can be invited by it."""
    calendar, event = icalendar.Calendar(), icalendar.Event()
    calendar.add("PRODID", PRODUCT)
    calendar.add("VERSION", "2.0")
    event.add("UID", uid_of(marker))
    event.add("DTSTAMP", now)
    event.add("CREATED", now)
    event.add(MARKER, marker)
    if draft.location:
        event.add("LOCATION", normal_text(draft.location))
    if draft.reminder is not None:
        event.add_component(_alarm(draft))
    _set(event, {str(name): value for name, value in draft.values().items()}, zone, now)
    calendar.add_component(event)
    return _written(calendar)


def edited(text: bytes, changes: Changes, zone: ZoneInfo, now: datetime) -> bytes:
    """Return an event's text with changed fields. A time keeps the event's own zone, else takes `zone`."""
    calendar = icalendar.Calendar.from_ical(text)
    event = main_event(calendar)
    _set(event, {str(name): value for name, value in changes.items()}, zone, now)
    _replace(event, "DTSTAMP", now)
    _replace(event, "SEQUENCE", int(event.get("SEQUENCE", 0)) + 1)
    return _written(calendar)


def unmarked(text: bytes) -> bytes:
    """Return an event's text without calsync's marker."""
    calendar = icalendar.Calendar.from_ical(text)
    main_event(calendar).pop(MARKER)
    return _written(calendar)


def _set(event: Any, values: Mapping[str, Value], zone: ZoneInfo, now: datetime) -> None:
    for name, value in values.items():
        match value:
            case str():
                _replace(event, name.upper(), normal_text(value))
            case _:
                _set_when(event, value, zone)
    _replace(event, "LAST-MODIFIED", now)


def _set_when(event: Any, when: When, zone: ZoneInfo) -> None:
    own = _zone_of(event) or zone
    for name in ("DTSTART", "DTEND", "DURATION"):
        event.pop(name, None)
    if not isinstance(when, Timed):
        event.add("DTSTART", when.first)
        event.add("DTEND", when.after)
        return
    event.add("DTSTART", _wall_time(when.start, own))
    if when.end > when.start:  # an event without an end has no length (RFC 5545, 3.6.1)
        event.add("DTEND", _wall_time(when.end, own))


def _wall_time(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return an instant in a zone; in UTC where its wall time comes twice, and is read as the first (3.3.5)."""
    wall = instant.astimezone(zone)
    return wall if wall.replace(fold=0).astimezone(UTC) == instant else instant.astimezone(UTC)


def _zone_of(event: Any) -> Any:
    """Return the zone of an event's start; None for a day and for a time without one."""
    start = event.get("DTSTART")
    return getattr(getattr(start, "dt", None), "tzinfo", None)


def _alarm(draft: Draft) -> Any:
    alarm = icalendar.Alarm()
    alarm.add("ACTION", "DISPLAY")
    alarm.add("DESCRIPTION", draft.summary or "-")
    alarm.add("TRIGGER", -timedelta(minutes=draft.reminder or 0))
    return alarm


def _replace(event: Any, name: str, value: Any) -> None:
    event.pop(name, None)
    event.add(name, value)


def _written(calendar: Any) -> bytes:
    calendar.add_missing_timezones()
    text: bytes = calendar.to_ical(sorted=False)  # what stands there keeps its order
    return text
