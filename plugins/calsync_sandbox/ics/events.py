"""Entries as events of a mailbox, in the words of Graph's JSON, moved to where they shall be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from calsync_sandbox.ics.moving import moved
from calsync_sandbox.ics.recurrence import recurrence

if TYPE_CHECKING:
    from calsync_sandbox.ics.details import Attendee
    from calsync_sandbox.ics.entries import Entry
    from calsync_sandbox.ics.times import Moment

MailboxEvent = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Owner:
    """The mailbox that entries go to."""

    address: str
    zone: ZoneInfo


def mailbox_event(entry: Entry, by: timedelta, owner: Owner) -> MailboxEvent:
    """Return an entry as an event that is stored in a mailbox. Raises OverflowError for times out of all reach."""
    foreign = bool(entry.attendees) and entry.organizer.lower() not in {"", owner.address.lower()}
    organizer = entry.organizer if foreign else owner.address
    start = moved(entry.start, by)
    event: MailboxEvent = {
        "subject": entry.summary,
        "body": {"contentType": "html", "content": entry.html}
        if entry.html
        else {"contentType": "text", "content": entry.description},
        "start": time_in_zone(start, owner.zone),
        "end": time_in_zone(moved(entry.end, by), owner.zone),
        "isAllDay": entry.all_day,
        "isReminderOn": entry.reminder is not None,
        "reminderMinutesBeforeStart": entry.reminder or 0,
        "location": {"displayName": entry.location},
        "categories": list(entry.categories),
        "sensitivity": entry.sensitivity,
        "showAs": entry.show_as,
        "attendees": [_attendee(person) for person in entry.attendees],
        "organizer": {"emailAddress": {"name": organizer, "address": organizer}},
        "isOrganizer": not foreign,
        "isCancelled": entry.cancelled,
    }
    if entry.kind == "series":
        event["recurrence"] = recurrence(entry.rule or "", start, by, owner.zone)
    return event


def time_in_zone(at: Moment, home: ZoneInfo) -> dict[str, str]:
    """Return a dateTimeTimeZone; a date is midnight in the mailbox's zone."""
    if not isinstance(at, datetime):
        return {"dateTime": f"{at.isoformat()}T00:00:00.0000000", "timeZone": home.key}
    zone = at.tzinfo if isinstance(at.tzinfo, ZoneInfo) else home
    return {
        "dateTime": f"{at.replace(tzinfo=None).isoformat(timespec='seconds')}.0000000",
        "timeZone": zone.key,
    }


def exception_event(entry: Entry, original: Moment, by: timedelta, owner: Owner) -> MailboxEvent:
    """Return an exception as an event with the start of the occurrence that it stands for, in UTC."""
    was = moved(original, by)
    if not isinstance(was, datetime):
        was = datetime(was.year, was.month, was.day, tzinfo=owner.zone)
    return mailbox_event(entry, by, owner) | {"originalStart": was.astimezone(UTC).isoformat()}


def in_the_form_of(master: Moment, at: Moment) -> Moment:
    """Return the start of an occurrence as its master writes it: a date, or a time in the master's zone."""
    if not isinstance(master, datetime):
        return date(at.year, at.month, at.day)
    if not isinstance(at, datetime):
        return master.replace(year=at.year, month=at.month, day=at.day)
    return at.astimezone(master.tzinfo)


def _attendee(person: Attendee) -> dict[str, Any]:
    return {
        "type": person.type,
        "status": {"response": person.response, "time": "0001-01-01T00:00:00Z"},
        "emailAddress": {"name": person.name, "address": person.address},
    }
