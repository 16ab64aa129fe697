"""Written properties: elements of a CalendarItem as what the mailbox stores."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calsync_sandbox.ews import words
from calsync_sandbox.ews.errors import EwsError, field_refused
from calsync_sandbox.ews.extended import key, read_property, spelled
from calsync_sandbox.ews.names import Element, local, text_of
from calsync_sandbox.ews.recurrence import read_recurrence
from calsync_sandbox.ews.times import Times, stored_times
from calsync_sandbox.mailbox.properties import BY_PERSON, read_event
from calsync_sandbox.mailbox.shapes import text as text_reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync_sandbox.mailbox.events import Json

_READERS = BY_PERSON | {"originalStartTimeZone": text_reader, "originalEndTimeZone": text_reader}
_IGNORED = frozenset({"ItemClass", "MeetingTimeZone", "Culture", "ConferenceType"})
"""May be written, and change nothing here."""
_TEXTS = frozenset({"Subject", "Body"})
_ZONES = frozenset({"StartTimeZone", "EndTimeZone"})


def is_true(element: Element) -> bool:
    return (element.text or "").strip() in {"true", "1"}


def _body(element: Element) -> Json:
    kind = "text" if element.get("BodyType") == "Text" else "html"
    return {"body": {"contentType": kind, "content": element.text or ""}}


def _person(attendee: Element) -> Json:
    address = text_of(attendee, "Mailbox", "EmailAddress") or ""
    return {"emailAddress": {"address": address, "name": text_of(attendee, "Mailbox", "Name") or address}}


def _word(name: str, table: dict[str, str]) -> Callable[[Element], Json]:
    ours = words.reverse(table)
    return lambda element: {name: ours[(element.text or "").strip()]}


_PLAIN: dict[str, Callable[[Element], Json]] = {
    "Subject": lambda element: {"subject": element.text or ""},
    "Sensitivity": _word("sensitivity", words.SENSITIVITIES),
    "Body": _body,
    "Categories": lambda element: {"categories": [one.text or "" for one in element]},
    "Importance": _word("importance", words.IMPORTANCES),
    "ReminderIsSet": lambda element: {"isReminderOn": is_true(element)},
    "ReminderMinutesBeforeStart": lambda element: {"reminderMinutesBeforeStart": int(element.text or 0)},
    "UID": lambda element: {"iCalUId": element.text or ""},
    "LegacyFreeBusyStatus": _word("showAs", words.BUSY),
    "Location": lambda element: {"location": {"displayName": element.text or ""}},
    "IsResponseRequested": lambda element: {"responseRequested": is_true(element)},
    "AllowNewTimeProposal": lambda element: {"allowNewTimeProposals": is_true(element)},
    "Recurrence": lambda element: {"recurrence": read_recurrence(element)},
}
_CLEARED: dict[str, Json] = {
    "Subject": {"subject": ""},
    "Sensitivity": {"sensitivity": "normal"},
    "Body": {"body": {"contentType": "text", "content": ""}},
    "Categories": {"categories": []},
    "Importance": {"importance": "normal"},
    "ReminderIsSet": {"isReminderOn": False},
    "ReminderMinutesBeforeStart": {"reminderMinutesBeforeStart": 0},
    "Location": {"location": {"displayName": ""}},
    "Recurrence": {"recurrence": None},
}
_TIMES: dict[str, Callable[[Times, Element], None]] = {
    "Start": lambda times, element: setattr(times, "start", element.text or ""),
    "End": lambda times, element: setattr(times, "end", element.text or ""),
    "IsAllDayEvent": lambda times, element: setattr(times, "all_day", is_true(element)),
    "StartTimeZone": lambda times, element: setattr(times, "start_zone", element.get("Id", "")),
    "EndTimeZone": lambda times, element: setattr(times, "end_zone", element.get("Id", "")),
}


@dataclass(slots=True)
class Written:
    """Collects what one create or update writes."""

    zones_refused: bool = False
    unknown_zones: frozenset[str] = frozenset()
    clears_texts: bool = True
    old: Json | None = None
    """The event before an update."""
    values: Json = field(default_factory=dict)
    times: Times = field(default_factory=Times)
    attendees: dict[str, list[Json]] = field(default_factory=dict)
    extended: list[Json] = field(default_factory=list)

    def set(self, element: Element, *, append: bool = False) -> None:
        """Take one property. Raises EwsError for one that cannot be written."""
        name = local(element)
        if name in _ZONES and self.zones_refused:
            raise field_refused(
                "ErrorInvalidPropertySet", f"calendar:{name}", "Set action is invalid for property."
            )
        if name in _ZONES and element.get("Id") in self.unknown_zones:
            raise EwsError("ErrorTimeZone", "The time zone is not known.")
        if name in _TIMES:
            _TIMES[name](self.times, element)
        elif name in words.ATTENDEES:
            self._invite(words.ATTENDEES[name], [_person(one) for one in element], append=append)
        elif name == "ExtendedProperty":
            self.extended.append(spelled(self.old or {}, read_property(element)))
        elif name in _PLAIN:
            self.values |= _PLAIN[name](element)
        elif name not in _IGNORED:
            raise field_refused("ErrorInvalidPropertySet", name, "Set action is invalid for property.")

    def clear(self, path: Element) -> None:
        """Take a property away. Raises EwsError for one that cannot be."""
        if local(path) == "ExtendedFieldURI":
            self.extended.append(spelled(self.old or {}, {"id": key(path), "value": None}))
            return
        uri = path.get("FieldURI", "")
        name = uri.partition(":")[2]
        if name in words.ATTENDEES:
            self._invite(words.ATTENDEES[name], [], append=False)
        elif name in _CLEARED:
            if self.clears_texts or name not in _TEXTS:
                self.values |= _CLEARED[name]
        else:
            raise field_refused(
                "ErrorInvalidPropertyDelete", uri, "Delete action is not supported for this property."
            )

    def stored(self, context: str | None, home: str) -> Json:
        """Return the values as the mailbox's writer takes them. Raises EwsError or MailboxError."""
        values = dict(self.values)
        if self.times.given or self.old is None:
            values |= stored_times(self.times, self.old, context, home)
        if self.attendees:
            values["attendees"] = self._attendees()
        read = read_event(values, _READERS)
        if self.extended:
            read["singleValueExtendedProperties"] = self.extended
        return read

    def _invite(self, kind: str, people: list[Json], *, append: bool) -> None:
        known = self.attendees.get(kind, self._earlier(kind)) if append else []
        self.attendees[kind] = [*known, *({**person, "type": kind} for person in people)]

    def _attendees(self) -> list[Json]:
        """Return all attendees: kinds that are not written stay, and who was there keeps the answer given."""
        people: list[Json] = []
        answers = {
            one["emailAddress"]["address"].lower(): one["status"] for one in (self.old or {}).get("attendees", ())
        }
        for kind in words.ATTENDEES.values():
            people += self.attendees.get(kind, self._earlier(kind))
        for person in people:
            address = person["emailAddress"]["address"].lower()
            if address in answers:
                person["status"] = answers[address]
        return people

    def _earlier(self, kind: str) -> list[Json]:
        return [dict(one) for one in (self.old or {}).get("attendees", ()) if one["type"] == kind]


def only_property(element: Element, path: Element) -> Element:
    """Return the one property of a SetItemField's item, which must be the one that its path names."""
    if len(element) != 1:
        raise EwsError(
            "ErrorIncorrectUpdatePropertyCount",
            "An object within a change description must contain one and only one property to modify.",
        )
    name = local(element[0])
    named = path.get("FieldURI", "").partition(":")[2] if local(path) == "FieldURI" else "ExtendedProperty"
    same = named == name
    if same and name == "ExtendedProperty":
        same = key(element[0][0]) == key(path)
    if not same:
        raise EwsError("ErrorUpdatePropertyMismatch", "Property for update does not match property in object.")
    return element[0]
