"""Exchange's items as calsync's observations. Pure; of people only whether there are any is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from calsync.errors import EventError
from calsync.sync.model import AllDay, Event, Observation, Timed
from calsync_exchange_ews.items import MARKER_NAME, MARKER_SET
from calsync_exchange_ews.notes import text_of_html
from calsync_exchange_ews.requests import RECIPIENT_TAGS
from calsync_exchange_ews.xml import Element, local, name
from calsync_exchange_ews.zones import instant_of, is_windows_name, zone_named

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from calsync.sync.model import When

PRIVATE = frozenset({"private", "confidential"})
NOON = timedelta(hours=12)
ONE_DAY = timedelta(days=1)
MEETING, RECEIVED, CANCELLED = 0x1, 0x2, 0x4
"""Bits of AppointmentState (MS-OXOCAL 2.2.1.10): it is a meeting; it came from somebody else; it was cancelled."""
_JOIN_LINK = re.compile(
    r"""https(?::|%3a)(?:/|%2f){2}(?:
    (?:\w+\.)?teams\.(?:microsoft\.com|microsoft\.us|cloud\.microsoft|live\.com)(?:/|%2f)(?:l(?:/|%2f)meetup-join|meet)
    |meet\.lync\.com
    |meet\.[\w.-]+(?:/|%2f)[^/%\s"]+(?:/|%2f)(?-i:[A-Z0-9]{6,10})  # a Skype for Business of one's own
    )(?![\w-])""",
    re.IGNORECASE | re.VERBOSE,
)
"""What the add-ins of Teams and Skype put into notes; encoded where a mail filter has rewritten it."""
_ITEM_ID = name("t:ItemId")
_URI, _VALUE = name("t:ExtendedFieldURI"), name("t:Value")


class Unreadable(EventError):  # noqa: N818 - errors are named as outcomes
    """This is no event that can be observed: it has no id, or a time is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An item as it was read by id: what is observed, and what only this provider needs."""

    observation: Observation
    change_key: str
    folder_id: str
    ours: bool
    """It is an appointment, not one of the other things that a calendar may hold."""
    start_zone: ZoneInfo | None
    """The zone that its user chose, where it can be named to the server again."""
    end_zone: ZoneInfo | None


def stored(item: Element, account_zone: ZoneInfo, *, invited: bool | None = None) -> Stored:
    """Read an item that was answered by id. Raises Unreadable.

    `invited`: whether it names anybody, for one that does not say itself whether it is a meeting.
    """
    fields = {local(each): each for each in item}
    zone_ids = [_attribute(fields, tag, "Id") for tag in ("StartTimeZone", "EndTimeZone")]
    start_zone, end_zone = (zone_named(each) if is_windows_name(each) else None for each in zone_ids)
    key = _attribute(fields, "ItemId", "ChangeKey")
    return Stored(
        observation=Observation(
            id=item_id(item),
            event=_event(
                fields,
                _when(fields, zone_named(zone_ids[0]) or account_zone, account_zone),
                account_zone,
                _is_meeting(fields, invited),
            ),
            revision=key or None,
            modified=_moment(fields, "LastModifiedTime", account_zone),
            marker=marker_of(item),
        ),
        change_key=key,
        folder_id=_attribute(fields, "ParentFolderId", "Id"),
        ours=_text(fields, "ItemClass").lower().startswith("ipm.appointment") or "ItemClass" not in fields,
        start_zone=start_zone,
        end_zone=end_zone or start_zone,
    )


def item_id(item: Element) -> str:
    """Return an item's id. Raises Unreadable."""
    found = item.find(_ITEM_ID)
    value = found.get("Id") if found is not None else None
    if not value:
        raise Unreadable("an event without an id cannot be read")
    return value


def has_id(item: Element) -> bool:
    """Tell whether an item has an id."""
    found = item.find(_ITEM_ID)
    return found is not None and bool(found.get("Id"))


def says_if_meeting(item: Element) -> bool:
    """Tell whether an item says if it is a meeting. Servers of another make are silent where it is none."""
    return _is_meeting({local(each): each for each in item}, None) is not None


def invites(item: Element) -> bool | None:
    """Tell whether the answer to `get_recipients` names anybody; None where it does not answer all of it."""
    names = [each.findtext(_VALUE) or "" for each in item.iterfind(name("t:ExtendedProperty"))]
    return any(each.strip() for each in names) if len(names) == len(RECIPIENT_TAGS) else None


def is_marked_deleted(item: Element) -> bool:
    """Tell whether the answer to `get_deletion` names a time."""
    return any(each.findtext(_VALUE) for each in item.iterfind(name("t:ExtendedProperty")))


def marker_of(item: Element) -> str:
    """Return the marker that an item carries, or ""."""
    for each in item.iterfind(name("t:ExtendedProperty")):
        uri = each.find(_URI)
        if uri is None or uri.get("PropertyName") != MARKER_NAME:
            continue
        if (uri.get("PropertySetId") or "").lower().strip("{}") == MARKER_SET:
            return each.findtext(_VALUE) or ""
    return ""


def _event(fields: Mapping[str, Element], when: When, account: ZoneInfo, meeting: bool | None) -> Event:
    state, body = _number(fields, "AppointmentState"), _text(fields, "Body")
    joins = _JOIN_LINK.search(body) is not None  # in HTML the link is no text
    if _attribute(fields, "Body", "BodyType").upper() == "HTML":
        body = text_of_html(body)
    response = _text(fields, "MyResponseType") or "Unknown"
    kind = _text(fields, "CalendarItemType") or "Single"
    return Event(
        summary=_text(fields, "Subject"),
        when=when,
        description=body,
        reminder=_flag(fields, "ReminderIsSet"),
        private=_text(fields, "Sensitivity").lower() in PRIVATE,
        # Attendees are not asked for; a meeting has one at least.
        attendee_count=None if meeting is None else int(meeting),
        # A plain appointment has no organiser to be told.
        organised_here=not state & RECEIVED
        and (response == "Organizer" or (response == "Unknown" and meeting is False)),
        # A text of calsync would replace the whole body: the link in it, and pictures, which are attachments.
        online_meeting=bool(_flag(fields, "IsOnlineMeeting") or _flag(fields, "HasAttachments")) or joins,
        series=kind != "Single" or _flag(fields, "IsRecurring") is True,
        cancelled=_flag(fields, "IsCancelled") is True or bool(state & CANCELLED),
        created=_moment(fields, "DateTimeCreated", account),
        uid=_text(fields, "UID") or None,
        location=_text(fields, "Location"),  # told only where it was asked for
    )


def _is_meeting(fields: Mapping[str, Element], invited: bool | None) -> bool | None:
    """Tell whether an item has attendees; None where the server says nothing about that."""
    said = _flag(fields, "IsMeeting")
    if said is None and _text(fields, "AppointmentState"):
        return bool(_number(fields, "AppointmentState") & MEETING)
    return invited if said is None else said


def _when(fields: Mapping[str, Element], own: ZoneInfo, account: ZoneInfo) -> When:
    """Read the times of an item. One that ends before it starts is taken as ending at once. Raises Unreadable."""
    try:
        start, end = (instant_of(_text(fields, tag), own) for tag in ("Start", "End"))
        if _flag(fields, "IsAllDayEvent"):
            first, after = _days(start, end, own, account)
            return AllDay(first, max(after, first + ONE_DAY))
        return Timed(start, max(start, end))
    except (ValueError, OverflowError) as error:
        raise Unreadable("the times of an event cannot be read") from error


def _days(start: datetime, end: datetime, own: ZoneInfo, account: ZoneInfo) -> tuple[date, date]:
    """Return the first day and the day after the last one.

    They begin at midnight in the item's zone; where nobody knows that one, or other programs wrote it, in the
    account's; else at the nearest midnight.
    """
    for zone in (own, account):
        local_start, local_end = start.astimezone(zone), end.astimezone(zone)
        if _is_midnight(local_start) and _is_midnight(local_end):
            return local_start.date(), local_end.date()
    return (start.astimezone(own) + NOON).date(), (end.astimezone(own) + NOON).date()


def _is_midnight(wall: datetime) -> bool:
    return (wall.hour, wall.minute) == (0, 0)


def _moment(fields: Mapping[str, Element], tag: str, zone: ZoneInfo) -> datetime | None:
    try:
        return instant_of(_text(fields, tag), zone)
    except (ValueError, OverflowError):
        return None


def _text(fields: Mapping[str, Element], tag: str) -> str:
    found = fields.get(tag)
    return (found.text or "") if found is not None else ""


def _attribute(fields: Mapping[str, Element], tag: str, attribute: str) -> str:
    found = fields.get(tag)
    return (found.get(attribute) or "") if found is not None else ""


def _flag(fields: Mapping[str, Element], tag: str) -> bool | None:
    """Return an xs:boolean; None where it is missing."""
    text = _text(fields, tag).strip().lower()
    return text in ("true", "1") if text in ("true", "false", "1", "0") else None


def _number(fields: Mapping[str, Element], tag: str) -> int:
    text = _text(fields, tag).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004 - xs:int
