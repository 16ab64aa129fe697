"""Extended properties: the same MAPI properties as Graph's `String {GUID} Name X`, and those that hold the UID."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from calsync_sandbox.ews.errors import EwsError
from calsync_sandbox.ews.names import Element, find, t

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync_sandbox.mailbox.store import Store

_SETS = {
    "Address": "00062004-0000-0000-c000-000000000046",
    "Appointment": "00062002-0000-0000-c000-000000000046",
    "CalendarAssistant": "11000e07-b51b-40d6-af21-caa85edab1d0",
    "Common": "00062008-0000-0000-c000-000000000046",
    "InternetHeaders": "00020386-0000-0000-c000-000000000046",
    "Meeting": "6ed8da90-450b-101b-98da-00aa003f1305",
    "PublicStrings": "00020329-0000-0000-c000-000000000046",
    "Sharing": "00062040-0000-0000-c000-000000000046",
    "Task": "00062003-0000-0000-c000-000000000046",
    "UnifiedMessaging": "4442858e-a9e3-4e80-b900-317a210cc15b",
}
_IN_BRACES = re.compile(r"\{[^}]*\}")
_GLOBAL_IDS = {f"Binary {{{_SETS['Meeting']}}} Id 0x{number:x}" for number in (0x03, 0x23)}
"""PidLidGlobalObjectId and PidLidCleanGlobalObjectId (MS-OXOCAL 2.2.1.27)."""
_RECIPIENTS = {"String 0xe04": "required", "String 0xe03": "optional", "String 0xe02": "resource"}
"""PidTagDisplayTo, PidTagDisplayCc and PidTagDisplayBcc (MS-OXPROPS): the names of those who are invited."""
_OUTLOOK_UID = re.compile(r"040000008200E00074C5B7101A82E008[0-9A-F]*", re.IGNORECASE)


def key(uri: Element) -> str:
    """Return an ExtendedFieldURI in Graph's form. Raises EwsError for one that names no property."""
    kind, tag = uri.get("PropertyType", ""), uri.get("PropertyTag")
    if tag is not None:
        return f"{kind} 0x{_number(tag):x}"
    guid = _SETS.get(uri.get("DistinguishedPropertySetId", ""), uri.get("PropertySetId", "").lower())
    name, number = uri.get("PropertyName"), uri.get("PropertyId")
    if not guid or (name is None) == (number is None):
        raise EwsError("ErrorInvalidExtendedProperty", "Extended property is invalid.")
    return f"{kind} {{{guid}}} " + (f"Name {name}" if name is not None else f"Id 0x{_number(number or ''):x}")


def read_property(element: Element) -> dict[str, Any]:
    """Return an ExtendedProperty with one value as it is stored. Raises EwsError."""
    uri, value = element[0], find(element, "Value")
    if value is None:
        raise EwsError("ErrorInvalidExtendedPropertyValue", "Lists are not kept by this mailbox.")
    return {"id": key(uri), "value": value.text or ""}


def write_property(event: Mapping[str, Any], uri: Element) -> Element | None:
    """Return the value that an event has for an ExtendedFieldURI, None without one."""
    wanted = key(uri)
    value = _global_id(event) if wanted in _GLOBAL_IDS else _recipients(event, wanted)
    for prop in event.get("singleValueExtendedProperties", ()):
        if canonical(prop["id"]) == wanted:
            value = prop["value"]
    if value is None:
        return None
    named = t("ExtendedFieldURI", **{str(name): str(text) for name, text in uri.items()})
    return t("ExtendedProperty", named, t("Value", text=value))


def spelled(event: Mapping[str, Any], prop: dict[str, Any]) -> dict[str, Any]:
    """Return a property under the id that the event has for it already; Graph's clients spell it their way."""
    known = {canonical(one["id"]): one["id"] for one in event.get("singleValueExtendedProperties", ())}
    return prop | {"id": known.get(prop["id"], prop["id"])}


def holders(store: Store, uri: Element, value: str) -> list[str]:
    """Return the ids of the events that have this value, in whatever case the GUID was written."""
    wanted = key(uri)
    if wanted in _GLOBAL_IDS:
        return [event["id"] for event in store.events.values() if _global_id(event) == value]
    upper = _IN_BRACES.sub(lambda found: found[0].upper(), wanted)
    return sorted({*store.tagged(wanted, value), *store.tagged(upper, value)})


def canonical(graph_id: str) -> str:
    """Return the id of a property with its GUID in lower case."""
    return _IN_BRACES.sub(lambda found: found[0].lower(), graph_id)


def _recipients(event: Mapping[str, Any], wanted: str) -> str | None:
    kind = _RECIPIENTS.get(wanted)
    if kind is None:
        return None
    people = (one["emailAddress"] for one in event["attendees"] if one["type"] == kind)
    return "; ".join(person.get("name") or person["address"] for person in people)


def _global_id(event: Mapping[str, Any]) -> str:
    """Return GlobalObjectId; a UID that Outlook has not made is wrapped (MS-OXCICAL 2.1.3.1.1.20.26)."""
    uid = str(event["iCalUId"])
    if _OUTLOOK_UID.fullmatch(uid) and len(uid) % 2 == 0:
        return base64.b64encode(bytes.fromhex(uid)).decode()
    data = b"vCal-Uid\x01\x00\x00\x00" + uid.encode() + b"\x00"
    head = bytes.fromhex("040000008200E00074C5B7101A82E008") + bytes(20)
    return base64.b64encode(head + len(data).to_bytes(4, "little") + data).decode()


def _number(text: str) -> int:
    """Return a number whose form the schema has been asked about."""
    return int(text, 16 if text[:2].lower() == "0x" else 10)
