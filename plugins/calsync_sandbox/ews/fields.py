"""The properties of a calendar item: for each its element, None where the item has no value for it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from calsync_sandbox.ews import series, words
from calsync_sandbox.ews.ids import folder_id
from calsync_sandbox.ews.names import Element, flag, t
from calsync_sandbox.ews.recurrence import write_recurrence
from calsync_sandbox.ews.times import iso
from calsync_sandbox.mailbox.events import span_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from calsync_sandbox.ews.items import Item

_CANCELLED, _RECEIVED, _MEETING = 4, 2, 1
"""Bits of AppointmentState (MS-OXOCAL section 2.2.1.10)."""


def appointment_state(event: Mapping[str, Any]) -> int:
    state = _MEETING if is_meeting(event) else 0
    state |= 0 if event["isOrganizer"] else _RECEIVED
    return state | (_CANCELLED if event["isCancelled"] else 0)


def is_meeting(event: Mapping[str, Any]) -> bool:
    return bool(event["attendees"]) or not event["isOrganizer"]


def _text(name: str, read: Callable[[Mapping[str, Any]], Any]) -> tuple[str, Callable[[Item], Element | None]]:
    """Return a property of one word; an empty or missing value has no element."""

    def render(item: Item) -> Element | None:
        value = read(item.event)
        text = flag(value) if isinstance(value, bool) else str(value)
        return None if value is None or text == "" else t(name, text=text)

    return name, render


def _parent(item: Item) -> Element:
    return t("ParentFolderId", Id=folder_id(item.mailbox.address, item.folder), ChangeKey="AQAAAA==")


def _categories(item: Item) -> Element | None:
    names = item.event["categories"]
    return t("Categories", *(t("String", text=name) for name in names)) if names else None


def _rights(item: Item) -> Element:
    can = flag(item.mailbox.can_edit)
    denied = ("CreateAssociated", "CreateContents", "CreateHierarchy")
    return t(
        "EffectiveRights",
        *(t(name, text="false") for name in denied),
        t("Delete", text=can),
        t("Modify", text=can),
        t("Read", text="true"),
        t("ViewPrivateItems", text="true"),
    )


def _mailbox(person: Mapping[str, Any]) -> Element:
    address = person.get("address", "")
    return t(
        "Mailbox",
        t("Name", text=person.get("name", address)),
        t("EmailAddress", text=address),
        t("RoutingType", text="SMTP"),
        t("MailboxType", text="OneOff"),
    )


def _organizer(item: Item) -> Element:
    return t("Organizer", _mailbox(item.event["organizer"]["emailAddress"]))


def _attendees(name: str) -> tuple[str, Callable[[Item], Element | None]]:
    def render(item: Item) -> Element | None:
        people = [one for one in item.event["attendees"] if one["type"] == words.ATTENDEES[name]]
        return t(name, *(_attendee(one) for one in people)) if people else None

    return name, render


def _attendee(person: Mapping[str, Any]) -> Element:
    response = words.RESPONSES[person["status"]["response"]]
    return t("Attendee", _mailbox(person["emailAddress"]), t("ResponseType", text=response))


def _zone(name: str, key: str) -> tuple[str, Callable[[Item], Element | None]]:
    """Return a zone with its id as it was written; an empty id too, as real clients have left behind."""

    def render(item: Item) -> Element:
        given = str(item.event[key])
        return t(name, Id=given, Name=given)

    return name, render


def _uid(item: Item) -> Element:
    """Return the UID; the whole series has one."""
    master = item.mailbox.store.events.get(item.event["seriesMasterId"] or "")
    return t("UID", text=(master or item.event)["iCalUId"])


def _start(item: Item) -> Element:
    return t("Start", text=iso(span_of(item.event).start))


def _end(item: Item) -> Element:
    return t("End", text=iso(span_of(item.event).end))


def _original(name: str) -> tuple[str, Callable[[Item], Element | None]]:
    def render(item: Item) -> Element | None:
        original = item.event.get("originalStart")
        return t(name, text=iso(datetime.fromisoformat(original))) if original else None

    return name, render


def _duration(item: Item) -> Element:
    span = span_of(item.event)
    minutes = int((span.end - span.start).total_seconds() // 60)
    return t("Duration", text=f"P{minutes // 1440}DT{minutes // 60 % 24}H{minutes % 60}M")


def _reminder_due(item: Item) -> Element:
    """Return when the item is due, which is its start; it reminds some minutes before."""
    return t("ReminderDueBy", text=iso(span_of(item.event).start))


def _of_master(
    name: str, render: Callable[[Item], Element | None]
) -> tuple[str, Callable[[Item], Element | None]]:
    return name, lambda item: render(item) if item.event["type"] == "seriesMaster" else None


def _date(name: str, key: str) -> tuple[str, Callable[[Item], Element | None]]:
    return name, lambda item: t(name, text=iso(datetime.fromisoformat(item.event[key])))


FIELDS: dict[str, Callable[[Item], Element | None]] = dict(
    (
        ("ParentFolderId", _parent),
        _text("ItemClass", lambda _: "IPM.Appointment"),
        _text("Subject", lambda event: event["subject"]),
        _text("Sensitivity", lambda event: words.SENSITIVITIES[event["sensitivity"]]),
        _date("DateTimeReceived", "createdDateTime"),
        _text("Size", lambda event: 1024 + len(event["body"]["content"])),
        ("Categories", _categories),
        _text("Importance", lambda event: words.IMPORTANCES[event["importance"]]),
        _text("IsDraft", lambda _: False),
        _date("DateTimeSent", "createdDateTime"),
        _date("DateTimeCreated", "createdDateTime"),
        ("ReminderDueBy", _reminder_due),
        _text("ReminderIsSet", lambda event: event["isReminderOn"]),
        _text("ReminderMinutesBeforeStart", lambda event: event["reminderMinutesBeforeStart"]),
        _text("HasAttachments", lambda event: event["hasAttachments"]),
        _text("Culture", lambda _: "de-DE"),
        ("EffectiveRights", _rights),
        _text("LastModifiedName", lambda event: event["organizer"]["emailAddress"].get("name")),
        _date("LastModifiedTime", "lastModifiedDateTime"),
        _text("IsAssociated", lambda _: False),
        ("UID", _uid),
        _original("RecurrenceId"),
        _date("DateTimeStamp", "lastModifiedDateTime"),
        ("Start", _start),
        ("End", _end),
        _original("OriginalStart"),
        _text("IsAllDayEvent", lambda event: event["isAllDay"]),
        _text("LegacyFreeBusyStatus", lambda event: words.BUSY[event["showAs"]]),
        _text("Location", lambda event: event["location"]["displayName"]),
        _text("IsMeeting", is_meeting),
        _text("IsCancelled", lambda event: event["isCancelled"]),
        _text("IsRecurring", lambda event: event["type"] != "singleInstance"),
        _text("MeetingRequestWasSent", lambda event: is_meeting(event) and not event["isDraft"]),
        _text("IsResponseRequested", lambda event: event["responseRequested"]),
        _text("CalendarItemType", lambda event: words.ITEM_TYPES[event["type"]]),
        _text("MyResponseType", lambda event: words.RESPONSES[event["responseStatus"]["response"]]),
        ("Organizer", _organizer),
        _attendees("RequiredAttendees"),
        _attendees("OptionalAttendees"),
        _attendees("Resources"),
        ("Duration", _duration),
        _text("AppointmentSequenceNumber", lambda _: 0),
        _text("AppointmentState", appointment_state),
        _of_master("Recurrence", lambda item: write_recurrence(item.event["recurrence"])),
        _of_master("FirstOccurrence", series.first_occurrence),
        _of_master("LastOccurrence", series.last_occurrence),
        _of_master("ModifiedOccurrences", series.modified_occurrences),
        _of_master("DeletedOccurrences", series.deleted_occurrences),
        _zone("StartTimeZone", "originalStartTimeZone"),
        _zone("EndTimeZone", "originalEndTimeZone"),
        _text("AllowNewTimeProposal", lambda event: event["allowNewTimeProposals"]),
        _text("IsOnlineMeeting", lambda event: event["isOnlineMeeting"]),
        _text("JoinOnlineMeetingUrl", lambda event: (event["onlineMeeting"] or {}).get("joinUrl")),
        _text("IsOrganizer", lambda event: event["isOrganizer"]),
    )
)
"""All but the ids, the body and extended properties, which the shape of a request decides about."""
