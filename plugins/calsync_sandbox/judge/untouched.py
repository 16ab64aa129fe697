"""What no sync may ever change: all but summary, time and notes, and the whole of events that are not synced."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from calsync_sandbox.flowfact.forms import GUESSED, Form

Json = Mapping[str, Any]
Bytes = dict[str, bytes]
"""id -> the stored JSON of what was kept, as bytes."""

_MAILBOX_SYNCED = frozenset({"subject", "body", "start", "end", "isAllDay"})
_MAILBOX_KEPT_BY_SERVER = frozenset({"changeKey", "lastModifiedDateTime"})
"""Move with every write."""
_PRIVATE = frozenset({"private", "confidential"})
_EXTENDED = "singleValueExtendedProperties"
_OWN_PROPERTY = "calsync"
"""In the name of the extended property that holds calsync's marker."""
_FLOWFACT_KEPT_BY_SERVER = frozenset({"timestamp", "lastModifier", "lastModifiedTimestamp"})


def mailbox_untouched(events: Iterable[Json]) -> Bytes:
    """Return what is to stay of each event: attendees, location, categories, join link, zone, ...

    Series and cancelled events, which are not synced, are to stay whole, as are an online meeting's notes and the
    texts of a private one: a copy's mask must never be written back over them.
    """
    return {event["id"]: _bytes(_mailbox_part(event)) for event in events}


def flowfact_untouched(entities: Iterable[Json], form: Form = GUESSED) -> Bytes:
    """Return what is to stay of each appointment: kind, participants, place, owner, ...; a series is whole."""
    return {entity["id"]: _bytes(_flowfact_part(entity, form)) for entity in entities}


def whole(events: Iterable[Json]) -> Bytes:
    """Return events of either system with all they hold, their revisions too."""
    return {event["id"]: _bytes(event) for event in events}


def touched(before: Bytes, after: Bytes) -> list[str]:
    """Return the ids of what was there before and is gone or has other bytes now."""
    return [event_id for event_id, content in before.items() if after.get(event_id) != content]


def _mailbox_part(event: Json) -> Json:
    if event["type"] != "singleInstance" or event["isCancelled"]:
        return event
    left_out = _MAILBOX_SYNCED | _MAILBOX_KEPT_BY_SERVER
    if event["onlineMeeting"]:
        left_out -= {"body"}
    if event["sensitivity"] in _PRIVATE:
        left_out -= {"subject", "body"}
    others = [each for each in event.get(_EXTENDED, ()) if _OWN_PROPERTY not in each["id"].lower()]
    return {name: value for name, value in event.items() if name not in left_out} | {_EXTENDED: others}


def _flowfact_part(entity: Json, form: Form) -> Json:
    if form.repeats(entity):
        return entity
    metadata = {name: value for name, value in entity["_metadata"].items() if name not in _FLOWFACT_KEPT_BY_SERVER}
    texts = {form.names["summary"], form.names["description"]}
    left_out = form.synced - texts if form.value(entity, "private") else form.synced
    return {name: value for name, value in entity.items() if name not in left_out} | {"_metadata": metadata}


def _bytes(event: Json) -> bytes:
    return json.dumps(event, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass")
