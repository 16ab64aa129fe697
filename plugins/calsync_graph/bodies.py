"""What is written: the bodies of POST and PATCH, as closed sets of keys.

Graph mails attendees about every write that names or concerns them, and has no switch against it. So there is no
way here to name attendees, rooms, online meetings, responses or sending: the classes have no such fields, and the
client takes nothing else.
"""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calsync.sync.model import AllDay, Timed
from calsync_graph.mapping import MARKER_PROPERTY
from calsync_graph.zones import named, wall_time

if TYPE_CHECKING:
    from datetime import date
    from zoneinfo import ZoneInfo

    from calsync.sync.model import Changes, Draft, When
    from calsync_graph.mapping import Stored

PATCH_KEYS = frozenset({"subject", "body", "start", "end", "isAllDay"})
POST_KEYS = PATCH_KEYS | {
    "isReminderOn",
    "reminderMinutesBeforeStart",
    "responseRequested",
    "allowNewTimeProposals",
    "transactionId",
    "singleValueExtendedProperties",
    "location",
}
UNMARK_KEYS = frozenset({"singleValueExtendedProperties"})
TRANSACTIONS = uuid.UUID("0b6f3c1e-6d0f-5a4b-8f1d-2f8a3a7c9d10")
"""Namespace of transactionIds: the same marker always gives the same one."""
OFFERED_MINUTES = 15
"""What Outlook offers when somebody switches on a reminder that we left off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """When an event is, as Graph writes it."""

    start: dict[str, str]
    end: dict[str, str]
    all_day: bool

    def json(self) -> dict[str, Any]:
        return {"start": self.start, "end": self.end, "isAllDay": self.all_day}


class Body(ABC):
    """A body that the client may send."""

    @abstractmethod
    def json(self) -> dict[str, Any]:
        """Return the object to send: `PATCH_KEYS`, `POST_KEYS` or `UNMARK_KEYS`, and no others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent(Body):
    """A POST: an event of nobody but the mailbox's owner."""

    subject: str
    text: str
    times: Times
    reminder: int | None
    """Minutes before the start; None: explicitly none."""
    marker: str
    location: str = ""
    """Text that people read. Nothing else of a location can be said, so no room is asked to come."""

    def json(self) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "body": _text(self.text),
            **self.times.json(),
            # Left out, the mailbox's default would apply.
            "isReminderOn": self.reminder is not None,
            "reminderMinutesBeforeStart": OFFERED_MINUTES if self.reminder is None else self.reminder,
            "responseRequested": False,
            "allowNewTimeProposals": False,
            "transactionId": str(uuid.uuid5(TRANSACTIONS, self.marker)),
            "singleValueExtendedProperties": [{"id": MARKER_PROPERTY, "value": self.marker}],
            **({"location": {"displayName": self.location}} if self.location else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit(Body):
    """A PATCH: only what is not None is sent. A reminder cannot be."""

    subject: str | None = None
    text: str | None = None
    times: Times | None = None

    def json(self) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if self.subject is not None:
            fields["subject"] = self.subject
        if self.text is not None:
            fields["body"] = _text(self.text)
        if self.times is not None:
            fields |= self.times.json()
        return fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmark(Body):
    """A PATCH that empties the marker. That a property can be taken away altogether is not documented."""

    def json(self) -> dict[str, Any]:
        return {"singleValueExtendedProperties": [{"id": MARKER_PROPERTY, "value": ""}]}


def new_event(draft: Draft, marker: str, zone: ZoneInfo) -> NewEvent:
    """Return the POST of a draft, its times in the account's zone."""
    return NewEvent(
        subject=draft.summary,
        text=draft.description,
        times=times(draft.when, zone.key, zone.key, zone),
        reminder=draft.reminder,
        marker=marker,
        location=draft.location,
    )


def edit(changes: Changes, target: Stored, zone: ZoneInfo) -> Edit:
    """Return the PATCH of the changed fields. Times keep the zone that the event's user chose."""
    fields: dict[str, Any] = {}
    for name, value in changes.items():
        if isinstance(value, Timed | AllDay):
            fields["times"] = times(value, target.start_zone, target.end_zone, zone)
        else:
            fields["subject" if name == "summary" else "text"] = value
    return Edit(**fields)


def times(when: When, start_zone: str, end_zone: str, otherwise: ZoneInfo) -> Times:
    """Return `when` in these zones, by Graph's names; in `otherwise` where nobody knows a name."""
    if isinstance(when, AllDay):
        # Both midnights of an all-day event must be given in the same zone.
        name = named(start_zone, otherwise)[0]
        return Times(start=_midnight(when.first, name), end=_midnight(when.after, name), all_day=True)
    return Times(
        start=wall_time(when.start, start_zone, otherwise),
        end=wall_time(when.end, end_zone, otherwise),
        all_day=False,
    )


def _midnight(day: date, zone: str) -> dict[str, str]:
    return {"dateTime": f"{day.isoformat()}T00:00:00", "timeZone": zone}


def _text(text: str) -> dict[str, str]:
    return {"contentType": "text", "content": text}
