"""Fills both calendars: an estate agent's week, and copies that FLOWFACT's own sync once made in Outlook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from calsync_sandbox.flowfact import GUESSED
from calsync_sandbox.week import OUTLOOK_WEEK, WEEK, Appointment, Clock, OutlookEvent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calsync_sandbox.flowfact import FlowfactServer, Form
    from calsync_sandbox.mailbox import Mailbox

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


def seed(
    flowfact: FlowfactServer, user: Mapping[str, Any], mailbox: Mailbox, now: datetime, form: Form = GUESSED
) -> Seeded:
    """Fill both calendars with the week after `now` and return what was in both."""
    zone = ZoneInfo(user["timezone"])
    today = now.astimezone(zone).date()
    monday = today + timedelta(days=7 - today.weekday())
    copies: list[tuple[str, str]] = []
    other_notes: list[tuple[str, str]] = []
    for appointment in WEEK:
        values = _values(appointment, monday, zone, user["id"])
        fields = form.fields(values) | (_extra(appointment, monday) if form is GUESSED else {})
        entity = flowfact.create(form.schema, fields, user=dict(user))
        if appointment.copied:
            copies.append((entity["id"], mailbox.create(_copy(appointment, monday, zone))["id"]))
            other_notes += copies[-1:] if appointment.copied_notes else []
    for event in OUTLOOK_WEEK:
        mailbox.create(_outlook(event, monday, zone))
    return Seeded(tuple(copies), tuple(other_notes))


def seed_many(
    flowfact: FlowfactServer,
    user: Mapping[str, Any],
    mailbox: Mailbox,
    now: datetime,
    count: int,
    form: Form = GUESSED,
) -> None:
    """Add more appointments, half of them on each side, spread over the weeks to come."""
    zone = ZoneInfo(user["timezone"])
    today = now.astimezone(zone).date()
    for number, (subject, kind, start) in enumerate(islice(_many(today, zone), count)):
        end = start + timedelta(minutes=30 + 15 * (number % 4))
        if number % 2:
            mailbox.create({"subject": subject, "body": _text(f"Objekt Nr. {number}"), **_times(start, end, zone)})
        else:
            texts = {"summary": subject, "description": f"Objekt Nr. {number}", "kind": kind}
            fields = form.fields({**texts, "start": start, "end": end, "owner": [user["id"]]})
            flowfact.create(form.schema, fields, user=dict(user))


def _many(today: date, zone: ZoneInfo) -> Iterator[tuple[str, str, datetime]]:
    """Yield subject, kind and start: eight a day on 300 days, then again."""
    number = 0
    while True:
        title, kind = _KINDS[number % len(_KINDS)]
        street = _STREETS[number // len(_KINDS) % len(_STREETS)]
        day = today + timedelta(days=14 + number // 8 % 300)
        yield f"{title} {street} {number % 97 + 1}", kind, _at(day, (9 + number % 8, 0), zone)
        number += 1


def _values(appointment: Appointment, monday: date, zone: ZoneInfo, owner: str) -> dict[str, Any]:
    day = monday + timedelta(days=appointment.day)
    start, end = (_at(day, clock, zone) for clock in (appointment.start, appointment.end))
    values: dict[str, Any] = {
        "summary": appointment.subject,
        "description": appointment.message,
        "start": start,
        "end": end,
        "attendee_count": list(_KUNDEN[: appointment.people]),
        "owner": [owner],
        "place": appointment.place,
        "kind": appointment.kind,
    }
    if appointment.reminds:
        values["reminder"] = start - timedelta(minutes=30)
    return values | dict(appointment.more)


def _extra(appointment: Appointment, monday: date) -> dict[str, Any]:
    """Return what only the schema of the guessed names holds."""
    day = monday + timedelta(days=appointment.day)
    return {"status": "open", "ical_uid": f"ff-{day.isoformat()}-{appointment.start[0]:02}@flowfact.example"}


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


def _text(content: str) -> dict[str, str]:
    return {"contentType": "text", "content": content}


def _attendee(name: str) -> dict[str, Any]:
    address = f"{name}@kunde.example"
    return {"emailAddress": {"name": name.capitalize(), "address": address}, "type": "required"}
