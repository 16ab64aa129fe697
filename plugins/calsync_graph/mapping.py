"""Graph's events as calsync's observations. Pure; of people only their number is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from calsync.errors import EventError
from calsync.sync.model import AllDay, Event, Observation, Timed
from calsync.values import replace
from calsync_graph.zones import instant_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.sync.model import When

MARKER_PROPERTY = "String {6d4c1b52-0f0e-4b6b-9a3a-5c2f7e2f9b41} Name CalsyncMarker"
"""The extended property that carries a marker. Its name and GUID are matched exactly; never change them."""
PRIVATE = frozenset({"private", "confidential"})
ONE_DAY = timedelta(days=1)


class Unreadable(EventError):  # noqa: N818 - errors are named as outcomes
    """This is no event that can be observed: a time is missing or in a zone nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An event as it was read by id: what is observed, and the zones that its times were written in."""

    observation: Observation
    start_zone: str
    end_zone: str


def stored(row: Mapping[str, Any], *, location: bool = False) -> Stored:
    """Read an event that was answered by id, as `observation` does. Raises Unreadable."""
    return Stored(
        observation=observation(row, location=location),
        start_zone=row.get("originalStartTimeZone") or "",
        end_zone=row.get("originalEndTimeZone") or row.get("originalStartTimeZone") or "",
    )


def observation(row: Mapping[str, Any], *, location: bool = False) -> Observation:
    """Read an event, with its `location` where it is wanted: Graph always tells it. Raises Unreadable."""
    event_id, event = row.get("id"), _event(row)
    if location:
        event = replace(event, location=_location(row))
    if not isinstance(event_id, str) or not event_id:
        raise Unreadable("an event without an id cannot be read")
    return Observation(
        id=event_id,
        event=event,
        revision=_revision(row),
        modified=_moment(row.get("lastModifiedDateTime")),
        marker=_marker(row),
    )


def series_observation(occurrence: Mapping[str, Any], master: Observation | None) -> Observation:
    """Return what a series is observed as: its master, at the time of the occurrence that told of it.

    So a series that began long ago is told inside the window, where it is looked for. Without a readable master
    the occurrence stands for it. Raises Unreadable.
    """
    if master is not None and not master.event.series:
        return master  # a single event again, since the feed told of the occurrence
    if master is not None:
        return replace(master, event=replace(master.event, when=when_of(occurrence)))
    event = replace(_event(occurrence), series=True)
    return Observation(id=occurrence["seriesMasterId"], event=event, revision=None)


def master_id(row: Mapping[str, Any]) -> str | None:
    """Return the series that an occurrence or exception belongs to."""
    found = row.get("seriesMasterId")
    return found if isinstance(found, str) and found else None


def is_text(row: Mapping[str, Any]) -> bool:
    """Tell whether an answer holds the notes as text, which a server may decline on some paths."""
    body = row.get("body")
    if not isinstance(body, dict):
        return False
    return str(body.get("contentType", "")).lower() == "text" or not body.get("content")


def when_of(row: Mapping[str, Any]) -> When:
    """Read the times of an event. One that ends before it starts is taken as ending at once. Raises Unreadable."""
    try:
        start, end = row["start"], row["end"]
        if row.get("isAllDay"):
            # Midnight to midnight in whatever zone it is asked for: dates, never converted.
            first, after = (datetime.fromisoformat(one["dateTime"]).date() for one in (start, end))
            return AllDay(first, max(after, first + ONE_DAY))
        begins, ends = (instant_of(one["dateTime"], one["timeZone"]) for one in (start, end))
        return Timed(begins, max(begins, ends))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise Unreadable("the times of an event cannot be read") from error


def _event(row: Mapping[str, Any]) -> Event:
    attendees, body, reminder = row.get("attendees"), row.get("body"), row.get("isReminderOn")
    return Event(
        summary=str(row.get("subject") or ""),
        when=when_of(row),
        description=str(body.get("content") or "") if isinstance(body, dict) else "",
        reminder=reminder if isinstance(reminder, bool) else None,
        private=str(row.get("sensitivity") or "").lower() in PRIVATE,
        attendee_count=len(attendees) if isinstance(attendees, list) else None,
        organised_here=row.get("isOrganizer") is True,
        online_meeting=bool(row.get("isOnlineMeeting") or row.get("onlineMeeting") or row.get("onlineMeetingUrl")),
        series=_is_series(row),
        cancelled=row.get("isCancelled") is True,
        created=_moment(row.get("createdDateTime")),
        uid=row.get("iCalUId") or None,
    )


def _location(row: Mapping[str, Any]) -> str:
    """Return what people read of a location: not the mailbox of a room, nor where its name leads."""
    place = row.get("location")
    return str(place.get("displayName") or "") if isinstance(place, dict) else ""


def _is_series(row: Mapping[str, Any]) -> bool:
    kind = row.get("type") or "singleInstance"
    return kind != "singleInstance" or master_id(row) is not None or row.get("recurrence") is not None


def _revision(row: Mapping[str, Any]) -> str | None:
    key = row.get("changeKey")
    etag = row.get("@odata.etag") or (f'W/"{key}"' if key else None)
    return str(etag) if etag else None


def _marker(row: Mapping[str, Any]) -> str | None:
    for each in row.get("singleValueExtendedProperties") or ():
        if str(each.get("id", "")).lower() == MARKER_PROPERTY.lower():
            value = each.get("value")
            return str(value) if value else None
    return None


def _moment(text: Any) -> datetime | None:
    try:
        return instant_of(text, "UTC") if isinstance(text, str) else None
    except (ValueError, OverflowError):
        return None
