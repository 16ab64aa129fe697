"""What an entry says beside its time: people, alarms, categories, how it is shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from calsync_sandbox.ics.lines import Component, Property, unescape
from calsync_sandbox.ics.times import Moment, Refused, duration, instant, moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calsync_sandbox.ics.zones import Zones

_UNESCAPED_COMMA = re.compile(r"(?<!\\),")
_RESPONSES = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentativelyAccepted"}
_SENSITIVITIES = {"PRIVATE": "private", "CONFIDENTIAL": "confidential"}
_OUTLOOK_STATUS = {"FREE": "free", "TENTATIVE": "tentative", "BUSY": "busy", "OOF": "oof"}


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody invited. `type` and `response` are words of Graph's attendeeType and responseType."""

    address: str
    name: str
    type: str
    response: str


def attendees(component: Component) -> Iterator[Attendee]:
    for prop in component.all("ATTENDEE"):
        mailbox = address(prop.value)
        if mailbox:
            status = prop.parameters.get("PARTSTAT", "").upper()
            name = prop.parameters.get("CN", "") or mailbox
            yield Attendee(mailbox, name, _attendee_type(prop), _RESPONSES.get(status, "none"))


def address(value: str) -> str:
    """Return the address of a mailto link."""
    return re.sub(r"^mailto:", "", unescape(value).strip(), flags=re.IGNORECASE).strip()


def categories(component: Component) -> Iterator[str]:
    """Yield each category once, in the file's order."""
    seen: set[str] = set()
    for prop in component.all("CATEGORIES"):
        for name in (unescape(part).strip() for part in _UNESCAPED_COMMA.split(prop.value)):
            if name and name not in seen:
                seen.add(name)
                yield name


def reminder(component: Component, start: Moment, end: Moment, zones: Zones) -> int | None:
    """Return the minutes before the start of the first alarm that can be told; a mailbox keeps only one."""
    for alarm in component.components:
        trigger = alarm.first("TRIGGER")
        if alarm.name != "VALARM" or trigger is None or alarm.text("ACTION").upper() == "NONE":
            continue
        try:
            return max(0, int(_lead(trigger, start, end, zones) / timedelta(minutes=1)))
        except Refused:
            continue
    return None


def sensitivity(component: Component) -> str:
    return _SENSITIVITIES.get(component.text("CLASS").strip().upper(), "normal")


def show_as(component: Component) -> str:
    """Return Graph's freeBusyStatus: Outlook's own property says more than TRANSP and STATUS do."""
    outlook = component.text("X-MICROSOFT-CDO-BUSYSTATUS").strip().upper()
    if outlook in _OUTLOOK_STATUS:
        return _OUTLOOK_STATUS[outlook]
    if component.text("TRANSP").strip().upper() == "TRANSPARENT":
        return "free"
    return "tentative" if component.text("STATUS").strip().upper() == "TENTATIVE" else "busy"


def html_notes(component: Component) -> str:
    """Return the notes that Outlook adds as HTML beside the plain ones."""
    for prop in component.all("X-ALT-DESC"):
        if prop.parameters.get("FMTTYPE", "").lower() == "text/html":
            return unescape(prop.value)
    return ""


def _attendee_type(prop: Property) -> str:
    if prop.parameters.get("CUTYPE", "").upper() in {"RESOURCE", "ROOM"}:
        return "resource"
    return "optional" if prop.parameters.get("ROLE", "").upper() == "OPT-PARTICIPANT" else "required"


def _lead(trigger: Property, start: Moment, end: Moment, zones: Zones) -> timedelta:
    if trigger.value.strip()[:1].isdigit():
        return instant(start) - instant(moment(trigger, zones))
    offset = duration(trigger)
    related_to_end = trigger.parameters.get("RELATED", "").upper() == "END"
    length = instant(end) - instant(start) if related_to_end else timedelta(0)
    return -(length + offset)
