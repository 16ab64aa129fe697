"""What calsync promises of every request to an Exchange Server: it cannot mail anybody, whatever becomes of it.

Looked at in the bytes of the requests that name calsync as their sender, by another parser than theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping

SENDER = "calsync"
WRITES: Mapping[str, str] = {
    "CreateItem": "SendMeetingInvitations",
    "UpdateItem": "SendMeetingInvitationsOrCancellations",
    "DeleteItem": "SendMeetingCancellations",
}
"""The operations that change something, and the attribute in which each says who is mailed."""
ALLOWED = frozenset(
    {
        *WRITES,
        *("GetFolder", "FindFolder", "SyncFolderItems", "GetItem", "FindItem", "GetServerTimeZones"),
        *("Subscribe", "Unsubscribe", "GetStreamingEvents"),
    }
)
FORBIDDEN = frozenset(
    {
        *("RequiredAttendees", "OptionalAttendees", "Resources", "Attendee", "MimeContent", "Recurrence"),
        *("Attachments", "AcceptItem", "DeclineItem", "TentativelyAcceptItem", "CancelCalendarItem", "SendItem"),
        *("ResponseObjects", "EnhancedLocation"),
    }
)


def broken(body: bytes) -> list[str]:
    """Return what a request does that it must not. What is no SOAP, as the messages of a sign-in, does nothing."""
    if b"Envelope" not in body:
        return []
    try:
        elements = [*ET.fromstring(body).iter()]  # noqa: S314 - what a client of this machine has sent
    except ET.ParseError:
        return ["the request is no XML"]
    tags = [each.tag.rpartition("}")[2] for each in elements]
    operation = tags[tags.index("Body") + 1]
    sends = [pair for each in elements for pair in each.attrib.items() if pair[0].startswith("Send")]
    found = []
    if operation not in ALLOWED:
        found.append(f"{operation} is not allowed")
    if sends != ([(WRITES[operation], "SendToNone")] if operation in WRITES else []):
        found.append(f"{operation} says of mails: {sends}")
    found += [f"{operation} holds {tag}" for tag in sorted(FORBIDDEN & set(tags))]
    if operation == "UpdateItem" and "Location" in tags:
        found.append("UpdateItem writes a location over another one")
    if any(each.get("MessageDisposition", "SaveOnly") != "SaveOnly" for each in elements):
        found.append(f"{operation} does not only save")
    return found
