"""Fills both calendars: an estate agent's week, and copies that FLOWFACT's own sync once made in Outlook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from calsync_sandbox.week import OUTLOOK_WEEK, WEEK, Appointment, Clock, OutlookEvent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calsync_sandbox.flowfact import FlowfactServer
    from calsync_sandbox.mailbox import Mailbox

SCHEMA = "appointments"
_KUNDEN = ("kontakt-schneider", "kontakt-oezdemir", "kontakt-koehler", "kontakt-notariat")
_STREETS = ("Lindenstraße", "Goethestraße", "Am Mühlbach", "Köpenicker Weg", "Schloßallee", "Jägerstieg")
_KINDS = (
    ("Besichtigung", "viewing"),
    ("Objektaufnahme", "meeting"),
    ("Rückruf", "call"),
    ("Übergabe", "handover"),
)


@dataclass(frozen=True, slots=True)
class Seeded:
    """Pairs (FLOWFACT id, Outlook id) that were in both before: all of them, and those with other notes."""

    copies: tuple[tuple[str, str], ...]
    other_notes: tuple[tuple[str, str], ...]


def seed(flowfact: FlowfactServer, user: Mapping[str, Any], mailbox: Mailbox, now: datetime) -> Seeded:
    """Fill both calendars with the week after `now` and return what was in both."""
    zone = ZoneInfo(user["timezone"])
    today = now.astimezone(zone).date()
    monday = today + timedelta(days=7 - today.weekday())
    copies: list[tuple[str, str]] = []
    other_notes: list[tuple[str, str]] = []
    for appointment in WEEK:
        fields = _fields(appointment, monday, zone, user["id"])
        entity = flowfact.create(SCHEMA, fields, user=dict(user))
        if appointment.copied:
            copies.append((entity["id"], mailbox.create(_copy(appointment, monday, zone))["id"]))
            other_notes += copies[-1:] if appointment.copied_notes else []
    for event in OUTLOOK_WEEK:
        mailbox.create(_outlook(event, monday, zone))
    return Seeded(tuple(copies), tuple(other_notes))


def seed_many(
    flowfact: FlowfactServer, user: Mapping[str, Any], mailbox: Mailbox, now: datetime, count: int
) -> None:
    """Add more appointments, half of them on each side, spread over the weeks to come."""
    zone = ZoneInfo(user["timezone"])
    today = now.astimezone(zone).date()
    for number, (subject, kind, start) in enumerate(islice(_many(today, zone), count)):
        end = start + timedelta(minutes=30 + 15 * (number % 4))
        if number % 2:
            mailbox.create({"subject": subject, "body": _text(f"Objekt Nr. {number}"), **_times(start, end, zone)})
        else:
            fields = {"subject": subject, "message": f"Objekt Nr. {number}", "kind": kind}
            times = {"start_date": _ms(start), "end_date": _ms(end), "assignee": [user["id"]]}
            flowfact.create(SCHEMA, {**fields, **times}, user=dict(user))


def _many(today: date, zone: ZoneInfo) -> Iterator[tuple[str, str, datetime]]:
    """Yield subject, kind and start: eight a day on 300 days, then again."""
    number = 0
    while True:
        title, kind = _KINDS[number % len(_KINDS)]
        street = _STREETS[number // len(_KINDS) % len(_STREETS)]
        day = today + timedelta(days=14 + number // 8 % 300)
        yield f"{title} {street} {number % 97 + 1}", kind, _at(day, (9 + number % 8, 0), zone)
        number += 1


def _fields(appointment: Appointment, monday: date, zone: ZoneInfo, owner: str) -> dict[str, Any]:
    day = monday + timedelta(days=appointment.day)
    start, end = (_at(day, clock, zone) for clock in (appointment.start, appointment.end))
    fields: dict[str, Any] = {
        "subject": appointment.subject,
        "message": appointment.message,
        "start_date": _ms(start),
        "end_date": _ms(end),
        "participants": list(_KUNDEN[: appointment.people]),
        "assignee": [owner],
        "location_description": appointment.place,
        "status": "open",
        "kind": appointment.kind,
        "ical_uid": f"ff-{day.isoformat()}-{appointment.start[0]:02}@flowfact.example",
    }
    if appointment.reminds:
        fields["reminder_date"] = _ms(start - timedelta(minutes=30))
    return fields | dict(appointment.more)


def _copy(appointment: Appointment, monday: date, zone: ZoneInfo) -> dict[str, Any]:
    """Return the event that FLOWFACT's own sync once made: with everybody invited, and other line ends."""
    day = monday + timedelta(days=appointment.day)
    start, end = (_at(day, clock, zone) for clock in (appointment.start, appointment.end))
    notes = appointment.copied_notes or appointment.message
    people = [_attendee(name.removeprefix("kontakt-")) for name in _KUNDEN[: max(1, appointment.people)]]
    return {
        "subject": appointment.subject,
        "body": _text(notes.replace("\n", "\r\n") + "\r\n"),
        "isAllDay": appointment.end == (24, 0),
        "location": {"displayName": appointment.place},
        "attendees": people,
        "categories": ["FLOWFACT"],
        **_times(start, end, zone),
    }


def _outlook(event: OutlookEvent, monday: date, zone: ZoneInfo) -> dict[str, Any]:
    day = monday + timedelta(days=event.day)
    start, end = (_at(day, clock, zone) for clock in (event.start, event.end))
    return {"subject": event.subject, "body": _text(event.notes), **_times(start, end, zone), **event.more}


def _times(start: datetime, end: datetime, zone: ZoneInfo) -> dict[str, Any]:
    return {
        name: {"dateTime": at.astimezone(zone).replace(tzinfo=None).isoformat(), "timeZone": zone.key}
        for name, at in (("start", start), ("end", end))
    }


def _at(day: date, clock: Clock, zone: ZoneInfo) -> datetime:
    hour, minute = clock
    day += timedelta(days=hour // 24)
    return datetime(day.year, day.month, day.day, hour % 24, minute, tzinfo=zone)


def _ms(at: datetime) -> int:
    return int(at.astimezone(UTC).timestamp() * 1000)


def _text(content: str) -> dict[str, str]:
    return {"contentType": "text", "content": content}


def _attendee(name: str) -> dict[str, Any]:
    address = f"{name}@kunde.example"
    return {"emailAddress": {"name": name.capitalize(), "address": address}, "type": "required"}
