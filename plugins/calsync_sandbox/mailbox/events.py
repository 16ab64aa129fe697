"""Events as a mailbox stores them: Graph JSON with the body as HTML and times in the zone they were written in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync_sandbox.mailbox.body import from_text, has_join_block, with_join_block
from calsync_sandbox.mailbox.errors import bad_request
from calsync_sandbox.mailbox.properties import CLEARED
from calsync_sandbox.mailbox.zones import Span, instant, kept_name, read_wall, seven

if TYPE_CHECKING:
    from collections.abc import Mapping

    Json = dict[str, Any]

_PLAIN = frozenset(
    {
        "allowNewTimeProposals",
        "attachments",
        "attendees",
        "categories",
        "hasAttachments",
        "hideAttendees",
        "iCalUId",
        "importance",
        "isAllDay",
        "isCancelled",
        "isDraft",
        "isOrganizer",
        "isReminderOn",
        "organizer",
        "originalStart",
        "recurrence",
        "reminderMinutesBeforeStart",
        "responseRequested",
        "responseStatus",
        "sensitivity",
        "seriesMasterId",
        "showAs",
        "subject",
        "transactionId",
    }
)
"""Properties that are stored as they are given."""


def blank(address: str, reminder: int) -> Json:
    """Return a new event of this mailbox with everything that a create may leave out."""
    return {
        "categories": [],
        "originalStartTimeZone": "UTC",
        "originalEndTimeZone": "UTC",
        "reminderMinutesBeforeStart": reminder,
        "isReminderOn": True,
        "hasAttachments": False,
        "subject": "",
        "importance": "normal",
        "sensitivity": "normal",
        "isAllDay": False,
        "isCancelled": False,
        "isOrganizer": True,
        "responseRequested": True,
        "seriesMasterId": None,
        "showAs": "busy",
        "type": "singleInstance",
        "onlineMeetingUrl": None,
        "isOnlineMeeting": False,
        "onlineMeetingProvider": "unknown",
        "allowNewTimeProposals": True,
        "isDraft": False,
        "hideAttendees": False,
        "responseStatus": {"response": "organizer", "time": "0001-01-01T00:00:00Z"},
        "body": {"contentType": "html", "content": ""},
        "location": CLEARED["location"],
        "locations": [],
        "recurrence": None,
        "attendees": [],
        "organizer": {"emailAddress": {"name": address, "address": address}},
        "onlineMeeting": None,
    }


def merge(event: Json, values: Mapping[str, Any]) -> None:
    """Put written values into a stored event. Values that were not written stay as they are."""
    event.update({key: value for key, value in values.items() if key in _PLAIN})
    if "start" in values or "end" in values:
        _merge_times(event, values)
    if "body" in values:
        _merge_body(event, values["body"])
    if "location" in values or "locations" in values:
        _merge_places(event, values)
    if values.get("isOnlineMeeting"):
        _go_online(event)
    if "singleValueExtendedProperties" in values:
        _merge_extended(event, values["singleValueExtendedProperties"])


def check_times(event: Mapping[str, Any]) -> None:
    """Raise MailboxError 400 for an event without times, one that ends before it starts, wrong all-day times."""
    if "start" not in event or "end" not in event:
        raise bad_request("An event needs 'start' and 'end'.")
    span = span_of(event)
    if span.end < span.start:
        raise bad_request("The end is before the start.", "ErrorCalendarEndDateIsEarlierThanStartDate")
    if event["isAllDay"]:
        _check_days(event)


def span_of(event: Mapping[str, Any]) -> Span:
    """Return the instants of a stored event."""
    start, end = event["start"], event["end"]
    return Span(
        instant(read_wall(start["dateTime"]), start["timeZone"]),
        instant(read_wall(end["dateTime"]), end["timeZone"]),
    )


def people(event: Mapping[str, Any]) -> list[str]:
    """Return the addresses of those who are mailed about an event: its attendees without its organiser."""
    organiser = event["organizer"]["emailAddress"].get("address", "").lower()
    addresses = [attendee["emailAddress"]["address"] for attendee in event["attendees"]]
    return [address for address in addresses if address.lower() != organiser]


def _merge_times(event: Json, values: Mapping[str, Any]) -> None:
    walls = [read_wall(values[key]["dateTime"]) for key in ("start", "end") if key in values]
    for key, original in (("start", "originalStartTimeZone"), ("end", "originalEndTimeZone")):
        if key in values:
            name = kept_name(values[key]["timeZone"], *walls)
            event[key] = {"dateTime": seven(read_wall(values[key]["dateTime"])), "timeZone": name}
            event[original] = values.get(original, name)


def _check_days(event: Mapping[str, Any]) -> None:
    start, end = read_wall(event["start"]["dateTime"]), read_wall(event["end"]["dateTime"])
    if event["start"]["timeZone"] != event["end"]["timeZone"]:
        raise bad_request("Start and end of an all-day event need the same time zone.")
    if start.time() != end.time() or start.time().isoformat() != "00:00:00":
        raise bad_request("The Event.Start and Event.End of an all-day event need to be set to midnight.")
    if end <= start:
        raise bad_request("The duration of an all-day event must be at least 24 hours.")


def _merge_body(event: Json, body: Mapping[str, str]) -> None:
    """Store the body as HTML; one without the join block ends the online meeting (page "Update event")."""
    content = body.get("content", "")
    is_text = body.get("contentType", "text") == "text"
    event["body"] = {"contentType": "html", "content": from_text(content) if is_text and content else content}
    meeting = event["onlineMeeting"]
    if meeting is not None and not has_join_block(event["body"]["content"], meeting["joinUrl"]):
        event.update(isOnlineMeeting=False, onlineMeeting=None, onlineMeetingProvider="unknown")


def _merge_places(event: Json, values: Mapping[str, Any]) -> None:
    if "locations" in values:
        event["locations"] = values["locations"]
        event["location"] = values["locations"][0] if values["locations"] else CLEARED["location"]
    if "location" in values:
        event["location"] = values["location"]
        event["locations"] = [values["location"]] if values["location"]["displayName"] else []


def _go_online(event: Json) -> None:
    """Make it a Teams meeting, which cannot be reverted; a meeting that is online already stays as it is."""
    if event["onlineMeeting"] is None:
        url = f"https://teams.microsoft.com/l/meetup-join/{event['iCalUId'][-32:]}"
        content = with_join_block(event["body"]["content"], url)
        event["body"] = {"contentType": "html", "content": content}
        event["onlineMeeting"] = {"joinUrl": url}
        event.update(isOnlineMeeting=True, onlineMeetingProvider="teamsForBusiness")


def _merge_extended(event: Json, given: list[dict[str, Any]]) -> None:
    """Add and replace properties; a value of None, which only EWS can write, takes one away."""
    kept = {prop["id"]: prop for prop in event.get("singleValueExtendedProperties", [])}
    kept.update({prop["id"]: prop for prop in given})
    event["singleValueExtendedProperties"] = [prop for prop in kept.values() if prop["value"] is not None]
