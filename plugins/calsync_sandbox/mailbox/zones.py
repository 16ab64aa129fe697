"""Windows and IANA time zones, wall times with seven decimals, and instants."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tzlocal.windows_tz import tz_win, win_tz

from calsync_sandbox.mailbox.errors import bad_request

_WALL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,7})?)?")


@dataclass(frozen=True, slots=True)
class Span:
    """From one instant to another, both in UTC."""

    start: datetime
    end: datetime

    def touches(self, other: Span) -> bool:
        """Tell whether this event lies in the window `other`.

        An event that ends exactly at the window's start is told, as real clients have found
        (OutlookGoogleCalendarSync issue 2369).
        """
        return self.start < other.end and self.end >= other.start


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """Return the zone of a Windows or an IANA name; MailboxError 400 for any other."""
    try:
        return ZoneInfo(win_tz.get(name, name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = f"A valid TimeZone value must be specified. The given value '{name[:64]}' is not supported."
        raise bad_request(message, "TimeZoneNotSupportedException") from error


def kept_name(name: str, *walls: datetime) -> str:
    """Return the name under which the server keeps a zone: the Windows one, if it means the same."""
    windows = tz_win.get(name)
    if windows is None:
        return name
    same = all(wall.replace(tzinfo=zone(windows)).utcoffset() == offset(wall, name) for wall in walls)
    return windows if same else name


def offset(wall: datetime, name: str) -> object:
    return wall.replace(tzinfo=zone(name)).utcoffset()


def read_wall(text: str) -> datetime:
    """Return a wall time without a zone; MailboxError 400 for anything but `YYYY-MM-DDTHH:MM[:SS[.fffffff]]`."""
    if not _WALL.fullmatch(text):
        raise bad_request(
            "The value of 'dateTime' is not a date and time without an offset.", "ErrorInvalidProperty"
        )
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise bad_request("The value of 'dateTime' is no date.", "ErrorInvalidProperty") from error


def instant(wall: datetime, name: str) -> datetime:
    """Return the instant of a wall time in a zone, in UTC."""
    try:
        return wall.replace(tzinfo=zone(name)).astimezone(UTC)
    except OverflowError as error:
        raise bad_request("The date is out of range.", "ErrorInvalidProperty") from error


def seven(wall: datetime) -> str:
    """Write a wall time as it is stored: seven decimals, no offset."""
    return wall.replace(tzinfo=None).isoformat(timespec="microseconds") + "0"


def stamp(moment: datetime) -> str:
    """Write an instant as it is stored: in UTC with seven decimals."""
    return seven(moment.astimezone(UTC)) + "Z"
