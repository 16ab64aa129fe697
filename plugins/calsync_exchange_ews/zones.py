"""Time zones as Exchange names them: Windows names, and what other programs have written in their place."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tzlocal.windows_tz import tz_win, win_tz

UTC_NAMES = frozenset({"utc", "tzone://microsoft/utc", "etc/utc", "etc/gmt"})
_IANA = {windows.lower(): iana for windows, iana in win_tz.items()}
_WINDOWS = {windows.lower() for windows in win_tz}


def windows_name(zone: ZoneInfo) -> str | None:
    """Return the name that Windows has for a zone, or None."""
    return tz_win.get(zone.key)


def is_windows_name(name: str) -> bool:
    """Tell whether a server may be given this name back: anything else, as `Customized Time Zone`, is not."""
    return name.lower() in _WINDOWS


@lru_cache(maxsize=512)
def zone_named(name: str) -> ZoneInfo | None:
    """Return the zone that is meant, or None for one that nobody knows: `(UTC+01:00) Amsterdam, Berlin`."""
    if not name:
        return None
    if name.lower() in UTC_NAMES:
        return ZoneInfo("UTC")
    try:
        return ZoneInfo(_IANA.get(name.lower(), name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def instant_of(text: str, zone: ZoneInfo) -> datetime:
    """Return the instant of an xs:dateTime, in UTC. Raises ValueError.

    One without an offset is wall time in `zone`. Nine decimals are cut to microseconds.
    """
    wall = datetime.fromisoformat(text.strip())
    return (wall if wall.tzinfo is not None else wall.replace(tzinfo=zone)).astimezone(UTC)


def stamp(instant: datetime) -> str:
    """Return an instant as it is sent: with its offset, so that no zone of anybody changes it."""
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")
