"""The schemas of the tenant: which fields an appointment has, and what they are called.

`appointments` bears the names that FLOWFACT's calendar-sync service uses, the only public description of an
appointment: dates are epoch milliseconds; an all-day appointment has `isFullDayAppointment` and lasts from the
local midnight of its first day to the one behind its last day, in its user's time zone. `termine_neu` is what a
customer may have made of it: same group, other names, notes as HTML, dates as epoch seconds or local ISO text.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from calsync_sandbox.flowfact.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

SchemaV2 = dict[str, Any]
"""As the schema-service answers it: `id`, `name`, `captions`, `groups`, `properties`."""

GROUP = "appointment_schemas"


def seeded() -> dict[str, SchemaV2]:
    """Return the schemas of a new tenant by name. The caller may change them."""
    schemas = (_appointments(), _termine_neu())
    return {schema["name"]: schema for schema in schemas}


def find(schemas: Mapping[str, SchemaV2], name_or_id: str) -> SchemaV2:
    """Return one schema. Raises Refused (404)."""
    for schema in schemas.values():
        if name_or_id in (schema["name"], schema["id"]):
            return schema
    raise Refused(404, f"there is no schema {name_or_id!r}")


def names_of(schemas: Mapping[str, SchemaV2], index: str) -> frozenset[str]:
    """Return the names behind a search index: a schema's name or id, or a group. Raises Refused (404)."""
    names = frozenset(
        schema["name"]
        for schema in schemas.values()
        if index in (schema["name"], schema["id"]) or index in schema["groups"]
    )
    if not names:
        raise Refused(404, f"there is no schema and no group {index!r}")
    return names


def _appointments() -> SchemaV2:
    return _schema(
        "appointments",
        "Termine",
        {
            "subject": _property("TEXT", "Betreff", "Subject"),
            "message": _property("TEXTAREA", "Notiz", "Note"),
            "start_date": _property("DATE", "Beginn", "Start"),
            "end_date": _property("DATE", "Ende", "End"),
            "isFullDayAppointment": _property("CHECKBOX", "Ganztägig", "All day"),
            "participants": _property(
                "SCHEMA", "Teilnehmer", "Participants", hasMultipleValues=True, lnk_schema="contacts"
            ),
            "assignee": _property("USER", "Zuständig", "Assignee", hasMultipleValues=True),
            "location_description": _property("TEXT", "Ort", "Location"),
            "ical_uid": _property("TEXT", "iCal-UID"),
            "status": _list("Status", open="Offen", done="Erledigt", cancelled="Abgesagt"),
            "kind": _list(
                "Terminart",
                viewing="Besichtigung",
                notary="Notartermin",
                handover="Übergabe",
                meeting="Besprechung",
                call="Telefonat",
                personal="Privat",
            ),
            "calsync_marker": _property("TEXT", "Abgleichkennung"),
            "reminder_date": _property("DATE", "Erinnern am", "Reminder"),
            "recurrence": _property("TEXT", "Serie", "Recurrence"),
            "private": _property("CHECKBOX", "Privat", "Private"),
        },
    )


def _termine_neu() -> SchemaV2:
    return _schema(
        "termine_neu",
        "Termine (neu)",
        {
            "titel": _property("TEXT", "Titel"),
            "notiz": _property("TEXTAREA", "Notiz"),
            "beginn": _property("DATE", "Beginn"),
            "ende": _property("DATE", "Ende"),
            "ganztags": _property("CHECKBOX", "Ganztags"),
            "beteiligte": _property("SCHEMA", "Beteiligte", hasMultipleValues=True, lnk_schema="contacts"),
            "betreuer": _property("USER", "Betreuer"),
            "treffpunkt": _property("TEXT", "Treffpunkt"),
            "art": _list("Art", besichtigung="Besichtigung", notar="Notar", sonstiges="Sonstiges"),
            "abgleich": _property("TEXT", "Abgleich"),
            "erinnerung": _property("DATE", "Erinnerung"),
            "dauer": _list("Dauer", stunden="Nach Uhrzeit", ganztags="Ganztägig"),
            "vertraulich": _property("CHECKBOX", "Vertraulich"),
            "wiederholung": _list("Wiederholung", keine="Keine", taeglich="Täglich", woechentlich="Wöchentlich"),
        },
    )


def _schema(name: str, caption: str, properties: dict[str, Any]) -> SchemaV2:
    return {
        "id": str(uuid.uuid4()),
        "name": name,
        "captions": {"de": caption},
        "global": name == "appointments",
        "groups": [GROUP],
        "visualization": {},
        "properties": properties,
    }


def _property(kind: str, caption: str, english: str = "", **more: Any) -> dict[str, Any]:
    captions = {"de": caption} | ({"en": english} if english else {})
    return {"type": kind, "captions": captions, "hasMultipleValues": False, **more}


def _list(caption: str, **captions: str) -> dict[str, Any]:
    fields = {value: {"value": value, "captions": {"de": german}} for value, german in captions.items()}
    return _property("LIST", caption, fields=fields)
