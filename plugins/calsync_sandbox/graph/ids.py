"""Ids. Immutable ones hold inside a mailbox; default ones contain the folder and so change when an event moves."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import uuid
from datetime import date

from calsync_sandbox.graph.errors import bad_request

_OCCURRENCE = re.compile(r"[^.]+\.\d{4}(0[1-9]|1[0-2])([0-2]\d|3[01])")
_IMMUTABLE = "AAkA"
_DEFAULT = "AAMk"


def new_id(*parts: object) -> str:
    """Return an immutable id: opaque, case-sensitive, always the same for the same parts."""
    return _IMMUTABLE + _opaque(*parts)


def user_id(address: str) -> str:
    """Return a directory object's id."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, address.lower()))


def calendar_id(*parts: object) -> str:
    return "AQMk" + _opaque(*parts)


def change_key(number: int) -> str:
    return base64.b64encode(hashlib.sha256(b"%d" % number).digest()[:16]).decode()


def uid(immutable: str) -> str:
    """Return the end of an event's iCalUId: 72 hexadecimal digits."""
    return hashlib.sha512(immutable.encode()).hexdigest()[:72].upper()


def default_id(immutable: str, folder: str) -> str:
    """Return the default id of an event in a folder."""
    return _DEFAULT + base64.urlsafe_b64encode(f"{folder}|{immutable}".encode()).decode()


def read_id(given: str) -> tuple[str, str | None]:
    """Return the immutable id, and of a default id the folder that it holds for. Raises GraphError 400."""
    if given.startswith(_IMMUTABLE):
        return given, None
    try:
        if given.startswith(_DEFAULT):
            folder, _, immutable = base64.b64decode(given[4:], b"-_", validate=True).decode().partition("|")
            return immutable, folder
    except (binascii.Error, UnicodeDecodeError, ValueError):
        pass
    raise bad_request("Id is malformed.", "ErrorInvalidIdMalformed")


def occurrence_id(master: str, day: date) -> str:
    return f"{master}.{day:%Y%m%d}"


def is_occurrence(event_id: str) -> bool:
    """Tell whether this is the id of an occurrence or an exception."""
    return _OCCURRENCE.fullmatch(event_id) is not None


def master_of(occurrence: str) -> str:
    return occurrence.partition(".")[0]


def day_of(occurrence: str) -> date:
    """Return the day on which the series' rule puts an occurrence or an exception."""
    return date.fromisoformat(occurrence.partition(".")[2])


def _opaque(*parts: object) -> str:
    digest = hashlib.sha512("/".join(str(part) for part in parts).encode()).digest()[:45]
    return base64.urlsafe_b64encode(digest).decode()
