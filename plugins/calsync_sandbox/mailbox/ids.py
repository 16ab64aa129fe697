"""The mailbox's own ids. An event's is immutable; what either face shows its clients is made of it."""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from datetime import date

_OCCURRENCE = re.compile(r"[^.]+\.\d{4}(0[1-9]|1[0-2])([0-2]\d|3[01])")
IMMUTABLE = "AAkA"
"""What every event's id begins with."""


def new_id(*parts: object) -> str:
    """Return an immutable id: opaque, case-sensitive, always the same for the same parts."""
    return IMMUTABLE + _opaque(*parts)


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
