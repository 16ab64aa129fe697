"""What Outlook would store, written by hand: both of its servers show the same mailbox."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from calsync.sync.model import AllDay, Timed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from calsync.sync.model import Value


def stored(changes: Mapping[str, Value]) -> dict[str, Any]:
    """Return synced fields as Outlook would store them."""
    fields: dict[str, Any] = {}
    for name, value in changes.items():
        match value:
            case Timed():
                fields |= {"isAllDay": False, "start": in_utc(value.start), "end": in_utc(value.end)}
            case AllDay():
                start, end = f"{value.first}T00:00:00", f"{value.after}T00:00:00"
                fields |= {"isAllDay": True, "start": local(start), "end": local(end)}
            case _ if name == "summary":
                fields["subject"] = value
            case _:
                fields["body"] = {"contentType": "text", "content": value}
    return fields


def in_zone(when: Timed, zone: str) -> dict[str, Any]:
    """Return a time as Outlook stores it of a person who chose it in this zone."""
    walls = (at.astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat() for at in (when.start, when.end))
    start, end = ({"dateTime": wall, "timeZone": zone} for wall in walls)
    return {"isAllDay": False, "start": start, "end": end}


def in_utc(when: datetime) -> dict[str, str]:
    return {"dateTime": when.astimezone(UTC).replace(tzinfo=None).isoformat(), "timeZone": "UTC"}


def local(when: str) -> dict[str, str]:
    return {"dateTime": when, "timeZone": "W. Europe Standard Time"}
