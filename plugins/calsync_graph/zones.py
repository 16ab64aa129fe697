"""Time zones as Graph names them: Windows names, IANA names, and a few of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tzlocal.windows_tz import win_tz

UTC_NAMES = frozenset({"utc", "tzone://microsoft/utc", "etc/utc", "etc/gmt"})
"""Some of them are only ever read: Graph gives `tzone://Microsoft/Utc`, and nobody says that it takes it."""
_WINDOWS = {name.lower(): iana for name, iana in win_tz.items()}


@lru_cache(maxsize=512)
def zone_named(name: str) -> ZoneInfo | None:
    """Return the zone that Graph means, or None for one nobody knows, as `tzone://Microsoft/Custom`."""
    if name.lower() in UTC_NAMES:
        return ZoneInfo("UTC")
    try:
        return ZoneInfo(_WINDOWS.get(name.lower(), name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def named(name: str, otherwise: ZoneInfo) -> tuple[str, ZoneInfo]:
    """Return the zone that Graph means, and what it takes as its name; `otherwise` where nobody knows that."""
    zone = zone_named(name)
    if zone is None:
        return otherwise.key, otherwise
    return ("UTC" if name.lower() in UTC_NAMES else name), zone


def wall_time(instant: datetime, name: str, otherwise: ZoneInfo) -> dict[str, str]:
    """Return an instant as Graph's dateTimeTimeZone in the zone `name`, or in `otherwise` if nobody knows that.

    Graph's wall times carry no offset. An instant in the second run of the hour that clocks repeat in autumn
    would be read as the first one, so it is written in UTC: the appointment's time counts more than its zone.
    """
    name, zone = named(name, otherwise)
    wall = instant.astimezone(zone)
    if wall.replace(fold=0).astimezone(UTC) != instant:
        name, wall = "UTC", instant.astimezone(UTC)
    return {"dateTime": wall.replace(tzinfo=None).isoformat(), "timeZone": name}


def instant_of(text: str, name: str) -> datetime:
    """Return the instant of a wall time as Graph gives it. Raises ValueError for a zone nobody knows.

    Seven decimals are cut to microseconds. A text with an offset of its own keeps it.
    """
    wall = datetime.fromisoformat(text)
    if wall.tzinfo is not None:
        return wall.astimezone(UTC)
    zone = zone_named(name)
    if zone is None:
        raise ValueError("a time in an unknown zone")
    return wall.replace(tzinfo=zone).astimezone(UTC)
