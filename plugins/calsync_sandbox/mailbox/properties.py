"""Which properties of an event may be written, by whom, and how each is read.

Source: the table of updatable properties on "Update event", the property list of the event resource. isDraft and
allowNewTimeProposals are disputed for PATCH and refused there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync_sandbox.mailbox import shapes
from calsync_sandbox.mailbox.shapes import flag, many, number, one_of, read_properties, record, text, when

if TYPE_CHECKING:
    from collections.abc import Mapping

UPDATABLE: dict[str, shapes.Reader] = {
    "attendees": many(shapes.attendee),
    "body": record(contentType=one_of("text", "html"), content=text),
    "categories": many(text),
    "end": when,
    "hideAttendees": flag,
    "importance": one_of("low", "normal", "high"),
    "isAllDay": flag,
    "isOnlineMeeting": flag,
    "isReminderOn": flag,
    "location": shapes.location,
    "locations": many(shapes.location),
    "onlineMeetingProvider": one_of("unknown", "skypeForBusiness", "skypeForConsumer", "teamsForBusiness"),
    "recurrence": shapes.recurrence,
    "reminderMinutesBeforeStart": number,
    "responseRequested": flag,
    "sensitivity": one_of("normal", "personal", "private", "confidential"),
    "showAs": one_of("unknown", "free", "tentative", "busy", "oof", "workingElsewhere"),
    "singleValueExtendedProperties": many(shapes.extended),
    "start": when,
    "subject": text,
}
CREATABLE = UPDATABLE | {"allowNewTimeProposals": flag, "transactionId": text}
BY_PERSON = CREATABLE | {
    "attachments": lambda value: value,
    "hasAttachments": flag,
    "iCalUId": text,
    "isCancelled": flag,
    "isDraft": flag,
    "isOrganizer": flag,
    "organizer": shapes.recipient,
    "originalStart": text,
    "responseStatus": shapes.status,
    "seriesMasterId": text,
}
"""What an event may hold that was made in Outlook or came in by mail: also what only the server may set."""
CLEARED: dict[str, Any] = {
    "attendees": [],
    "body": {"contentType": "text", "content": ""},
    "categories": [],
    "location": shapes.location({}),
    "locations": [],
    "recurrence": None,
    "subject": "",
}
"""What a null in a write means, where it means anything; every other null is ignored."""


def read_event(body: Any, readers: Mapping[str, shapes.Reader]) -> dict[str, Any]:
    """Read the body of a write into stored values. Raises MailboxError 400 for what it may not hold."""
    if not isinstance(body, dict):
        raise shapes.invalid("an event is needed")
    values = read_properties(body, readers)
    cleared = {key: CLEARED[key] for key, value in body.items() if value is None and key in CLEARED}
    return values | cleared
