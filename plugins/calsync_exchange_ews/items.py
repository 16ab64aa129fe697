"""What is written of an item: a closed set of properties, in the order that the schema prescribes.

There is no way here to name attendees, resources, responses, meeting options or MIME content. What is not named
stays as it is on the server. A location is text, and written once, with the item.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from calsync.sync.model import AllDay, Timed
from calsync_exchange_ews.xml import Element, make
from calsync_exchange_ews.zones import stamp, windows_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from zoneinfo import ZoneInfo

    from calsync.sync.model import Changes, Draft, When

MARKER_SET = "b0f9d1c6-53a7-4e0b-9c0d-1f7a8f3c2e64"
MARKER_NAME = "calsync-marker"
"""The named property that carries a marker. Matched exactly; never change them: a mailbox has few names."""
FIELD_URIS: Mapping[str, str] = {
    "Subject": "item:Subject",
    "Body": "item:Body",
    "ReminderIsSet": "item:ReminderIsSet",
    "ReminderMinutesBeforeStart": "item:ReminderMinutesBeforeStart",
    "Start": "calendar:Start",
    "End": "calendar:End",
    "IsAllDayEvent": "calendar:IsAllDayEvent",
    "StartTimeZone": "calendar:StartTimeZone",
    "EndTimeZone": "calendar:EndTimeZone",
}
EMPTY: Mapping[str, Mapping[str, str]] = {"Subject": {}, "Body": {"BodyType": "Text"}}
"""The attributes of an empty text."""
ORDER = (
    "Subject",
    "Body",
    "ReminderIsSet",
    "ReminderMinutesBeforeStart",
    "ExtendedProperty",
    "Start",
    "End",
    "IsAllDayEvent",
    "Location",
    "StartTimeZone",
    "EndTimeZone",
)
"""The children of a CalendarItem that are written (types.xsd, ItemType and CalendarItemType)."""
OFFERED_MINUTES = 15
"""What Outlook offers when somebody switches on a reminder that we left off."""


def marker_field() -> Element:
    """Return the name of the marker's property."""
    return make("t:ExtendedFieldURI", PropertySetId=MARKER_SET, PropertyName=MARKER_NAME, PropertyType="String")


def no_marker(*, clears: bool) -> Element:
    """Return the edit that takes the marker away; without `clears` one that empties it, as `edits` does."""
    if clears:
        return make("t:DeleteItemField", marker_field())
    emptied = make("t:ExtendedProperty", marker_field(), make("t:Value"))
    return make("t:SetItemField", marker_field(), make("t:CalendarItem", emptied))


def field_uri(uri: str) -> Element:
    """Return the name of a property, such as `item:Subject`."""
    return make("t:FieldURI", FieldURI=uri)


def new_item(draft: Draft, marker: str, zone: ZoneInfo, *, zones: bool) -> Element:
    """Return the item of a create, in the account's zone. `zones`: name it, which some servers refuse."""
    fields = {
        **_texts({"summary": draft.summary, "description": draft.description}),
        # Always said: left out, the mailbox's default would apply.
        "ReminderIsSet": _flag("ReminderIsSet", draft.reminder is not None),
        "ReminderMinutesBeforeStart": make(
            "t:ReminderMinutesBeforeStart", text=str(OFFERED_MINUTES if draft.reminder is None else draft.reminder)
        ),
        "ExtendedProperty": make("t:ExtendedProperty", marker_field(), make("t:Value", text=marker)),
        "Location": make("t:Location", text=draft.location) if draft.location else None,
        **_times(draft.when, zone, zone, zones=zones),
    }
    present = {key: each for key, each in fields.items() if each is not None}
    return make("t:CalendarItem", *(present[key] for key in ORDER if key in present))


def edits(
    changes: Changes, start: ZoneInfo, end: ZoneInfo, *, zones: bool, clears: bool = True
) -> Iterator[Element]:
    """Yield the edits of an update: one property each, as the server demands.

    `clears`: emptied texts are deleted, as Exchange wants it; else they are set, for servers that delete none.
    """
    fields = _texts(changes)
    if not clears:
        fields |= {key: make(f"t:{key}", **EMPTY[key]) for key, value in fields.items() if value is None}
    if "when" in changes:
        when = changes["when"]
        if isinstance(when, str):
            raise TypeError("`when` is a span")
        fields |= _times(when, start, end, zones=zones)
    for key in ORDER:
        if key not in fields:
            continue
        value, named = fields[key], field_uri(FIELD_URIS[key])
        if value is None:
            yield make("t:DeleteItemField", named)
        else:
            yield make("t:SetItemField", named, make("t:CalendarItem", value))


def _texts(changes: Changes) -> dict[str, Element | None]:
    """Return the texts that changed; None for an empty one."""
    fields: dict[str, Element | None] = {}
    if "summary" in changes:
        text = str(changes["summary"])
        fields["Subject"] = make("t:Subject", text=text) if text else None
    if "description" in changes:
        text = str(changes["description"])
        fields["Body"] = make("t:Body", text=text, BodyType="Text") if text else None
    return fields


def _times(when: When, start: ZoneInfo, end: ZoneInfo, *, zones: bool) -> dict[str, Element | None]:
    """Return when an item is: start and end always together, else the server compares a new with an old one."""
    if isinstance(when, AllDay):
        end = start  # both midnights of whole days are of one zone
        begins, ends = _midnight(when.first, start), _end_before(when.after, start)
    elif isinstance(when, Timed):
        begins, ends = when.start, when.end
    fields: dict[str, Element | None] = {
        "Start": make("t:Start", text=stamp(begins)),
        "End": make("t:End", text=stamp(ends)),
        "IsAllDayEvent": _flag("IsAllDayEvent", isinstance(when, AllDay)),
    }
    if zones:
        fields["StartTimeZone"] = make("t:StartTimeZone", Id=windows_name(start) or "UTC")
        fields["EndTimeZone"] = make("t:EndTimeZone", Id=windows_name(end) or "UTC")
    return fields


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return when a day begins: where the clocks go forward at midnight, that is the first instant behind it."""
    return datetime.combine(day, time(), zone).astimezone(UTC).astimezone(zone)


def _end_before(day: date, zone: ZoneInfo) -> datetime:
    """Return when the whole days before a day end.

    A server takes an end up to the next midnight. Where the one that is meant does not exist, the first instant
    behind it would be taken up to the one after; the last minute before it is taken up to where it should be.
    """
    midnight = _midnight(day, zone)
    if midnight.time() == time():
        return midnight
    return (midnight.astimezone(UTC) - timedelta(minutes=1)).astimezone(zone)


def _flag(tag: str, value: bool) -> Element:
    return make(f"t:{tag}", text="true" if value else "false")
