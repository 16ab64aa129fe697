"""Readers of request values: each takes JSON and returns it in the stored form, or refuses it with 400.

Enumerations are accepted in any case, as Microsoft's samples write them ("HTML", "Required"), and stored as
published. Written from the pages "Create event" and "Update event", apart from the metadata that checks answers.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from calsync_sandbox.mailbox.errors import MailboxError, bad_request
from calsync_sandbox.mailbox.zones import read_wall, zone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Reader = Callable[[Any], Any]


def invalid(what: str) -> MailboxError:
    return bad_request(f"The value of a property is invalid: {what}.", "ErrorInvalidProperty")


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise invalid("a string is needed")
    return value


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise invalid("a boolean is needed")
    return value


def number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid("an integer is needed")
    return value


def decimal(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalid("a number is needed")
    return value


def day(value: Any) -> str:
    try:
        return date.fromisoformat(text(value)).isoformat()
    except ValueError as error:
        raise invalid("a date is needed") from error


def one_of(*members: str) -> Reader:
    known = {member.lower(): member for member in members}

    def read(value: Any) -> str:
        member = known.get(value.lower()) if isinstance(value, str) else None
        if member is None:
            raise invalid("not a member of its enumeration")
        return member

    return read


def many(reader: Reader) -> Reader:
    def read(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise invalid("a list is needed")
        return [reader(inner) for inner in value]

    return read


def record(**readers: Reader) -> Reader:
    """Read an object with these properties; a null one counts as left out, `@odata.type` is ignored."""

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise invalid("an object is needed")
        return read_properties(value, readers)

    return read


def read_properties(value: Mapping[str, Any], readers: Mapping[str, Reader]) -> dict[str, Any]:
    """Read an object's properties. Raises MailboxError for one that `readers` does not know."""
    given = {key: inner for key, inner in value.items() if "@odata." not in key}
    for key in given:
        if key not in readers:
            raise bad_request(f"The property '{key[:64]}' cannot be written.", "ErrorInvalidProperty")
    return {key: readers[key](inner) for key, inner in given.items() if inner is not None}


def when(value: Any) -> dict[str, str]:
    """Read a dateTimeTimeZone. Both parts are needed, the zone must be known."""
    if not isinstance(value, dict) or not {"dateTime", "timeZone"} <= value.keys():
        raise invalid("an object with dateTime and timeZone is needed")
    given: dict[str, str] = record(dateTime=text, timeZone=text)(value)
    read_wall(given.get("dateTime", ""))
    zone(given.get("timeZone", ""))
    return given


_ADDRESS = record(address=text, name=text)
_WEEKDAY = one_of("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_PATTERN = record(
    type=one_of("daily", "weekly", "absoluteMonthly", "relativeMonthly", "absoluteYearly", "relativeYearly"),
    interval=number,
    month=number,
    dayOfMonth=number,
    daysOfWeek=many(_WEEKDAY),
    firstDayOfWeek=_WEEKDAY,
    index=one_of("first", "second", "third", "fourth", "last"),
)
_RANGE = record(
    type=one_of("endDate", "noEnd", "numbered"),
    startDate=day,
    endDate=day,
    numberOfOccurrences=number,
    recurrenceTimeZone=text,
)
_RECURRENCE = record(pattern=_PATTERN, range=_RANGE)


def attendee(value: Any) -> dict[str, Any]:
    """Read an attendee; required, not yet answered, unless it says otherwise."""
    given: dict[str, Any] = record(
        emailAddress=_ADDRESS, type=one_of("required", "optional", "resource"), status=_STATUS
    )(value)
    address = given.get("emailAddress", {}).get("address")
    if not address:
        raise invalid("an attendee needs an address")
    status = given.get("status", {"response": "none", "time": "0001-01-01T00:00:00Z"})
    name = given["emailAddress"].get("name", address)
    return {
        "type": given.get("type", "required"),
        "status": status,
        "emailAddress": {"name": name, "address": address},
    }


def extended(value: Any) -> dict[str, str]:
    """Read a single-value extended property."""
    given: dict[str, str] = record(id=text, value=text)(value)
    if given.keys() != {"id", "value"}:
        raise invalid("an extended property needs id and value")
    return given


def location(value: Any) -> dict[str, Any]:
    """Read a location; types and parts that were not given are filled as Exchange does."""
    given: dict[str, Any] = _LOCATION(value)
    filled = {
        "displayName": "",
        "locationType": "default",
        "uniqueIdType": "unknown",
        "address": {},
        "coordinates": {},
    }
    return filled | given


def recurrence(value: Any) -> dict[str, Any]:
    """Read a recurrence. What its type needs must be there; the rest gets the values that Exchange answers."""
    given = _RECURRENCE(value)
    pattern, span = given.get("pattern", {}), given.get("range", {})
    needed = _NEEDED.get(pattern.get("type", ""))
    if needed is None or any(not pattern.get(key) for key in needed) or pattern.get("interval", 0) < 1:
        raise invalid("the recurrence pattern is incomplete")
    if "type" not in span or "startDate" not in span:
        raise invalid("the recurrence range is incomplete")
    if (span["type"] == "endDate" and "endDate" not in span) or (
        span["type"] == "numbered" and span.get("numberOfOccurrences", 0) < 1
    ):
        raise invalid("the recurrence range has no end")
    return {"pattern": _PATTERN_DEFAULTS | pattern, "range": _RANGE_DEFAULTS | span}


_NEEDED = {
    "daily": (),
    "weekly": ("daysOfWeek",),
    "absoluteMonthly": ("dayOfMonth",),
    "relativeMonthly": ("daysOfWeek",),
    "absoluteYearly": ("dayOfMonth", "month"),
    "relativeYearly": ("daysOfWeek", "month"),
}
_PATTERN_DEFAULTS = {"month": 0, "dayOfMonth": 0, "firstDayOfWeek": "sunday", "index": "first"}
_RANGE_DEFAULTS = {"endDate": "0001-01-01", "numberOfOccurrences": 0}
_STATUS = record(
    response=one_of("none", "organizer", "tentativelyAccepted", "accepted", "declined", "notResponded"), time=text
)
_LOCATION = record(
    displayName=text,
    locationUri=text,
    locationEmailAddress=text,
    uniqueId=text,
    locationType=one_of(
        "default",
        "conferenceRoom",
        "homeAddress",
        "businessAddress",
        "geoCoordinates",
        "streetAddress",
        "hotel",
        "restaurant",
        "localBusiness",
        "postalAddress",
    ),
    uniqueIdType=one_of("unknown", "locationStore", "directory", "private", "bing"),
    address=record(street=text, city=text, state=text, countryOrRegion=text, postalCode=text),
    coordinates=record(
        latitude=decimal, longitude=decimal, altitude=decimal, accuracy=decimal, altitudeAccuracy=decimal
    ),
)
recipient = record(emailAddress=_ADDRESS)
status = _STATUS
