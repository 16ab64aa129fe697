"""What a TZID means: the names that programs write for time zones, as zones of the tz database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from tzlocal.windows_tz import win_tz

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calsync_sandbox.ics.lines import Component

_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")
_PROBE_YEAR = 2024


@dataclass(frozen=True, slots=True)
class Zones:
    """The zones of one file: `home` is the mailbox's, which times without a zone belong to."""

    home: ZoneInfo
    definitions: Mapping[str, Component]
    """VTIMEZONE components by TZID."""

    def find(self, name: str) -> ZoneInfo | None:
        """Return the zone that a TZID means, by name or by its definition in the file; None: nobody knows."""
        definition = self.definitions.get(name)
        names = [name, *(_other_names(definition) if definition else ())]
        for candidate in names:
            if (zone := named(candidate)) is not None:
                return zone
        return _by_offsets(definition, self.home) if definition else None


def mailbox_zone(name: str) -> ZoneInfo:
    """Return the zone of a mailbox, named in the manner of Windows or of the tz database."""
    zone = named(name)
    if zone is None:
        raise ValueError(f"unknown time zone {name!r}")
    return zone


@cache
def named(name: str) -> ZoneInfo | None:
    """Return a zone by any of its usual names: tz database in any case, Windows, with a program's prefix."""
    name = name.strip().strip('"')
    known, windows = _names()
    if (key := known.get(name.lower()) or windows.get(name.lower())) is not None:
        return ZoneInfo(key)
    parts = name.replace("\\", "").split("/")
    for start in range(len(parts)):  # /mozilla.org/20050126_1/Europe/Berlin
        if (key := known.get("/".join(parts[start:]).lower())) is not None:
            return ZoneInfo(key)
    return None


@cache
def _names() -> tuple[dict[str, str], dict[str, str]]:
    known = {key.lower(): key for key in available_timezones() if key not in {"localtime", "Factory"}}
    windows = {key.lower(): value for key, value in win_tz.items()}
    return known | {"z": "UTC"}, windows


def _other_names(definition: Component) -> Iterator[str]:
    for name in ("X-LIC-LOCATION", "X-WR-TIMEZONE", "X-MICROSOFT-CDO-TZID"):
        if prop := definition.first(name):
            yield prop.value


def _by_offsets(definition: Component, preferred: ZoneInfo) -> ZoneInfo | None:
    """Return a zone with the same offsets in winter and summer; the mailbox's own where it fits."""
    wanted = _defined_offsets(definition)
    zones = (preferred, *(ZoneInfo(key) for key in sorted(set(win_tz.values()))))
    return next((zone for zone in zones if _offsets(zone) == wanted), None)


def _defined_offsets(definition: Component) -> tuple[timedelta | None, timedelta | None]:
    """Return the offsets of a VTIMEZONE in January and in July."""
    standard, daylight = _last_rule(definition, "STANDARD"), _last_rule(definition, "DAYLIGHT")
    if standard is None or daylight is None:
        always = _offset(standard or daylight)
        return always, always
    if _month(daylight) < _month(standard):
        return _offset(standard), _offset(daylight)
    return _offset(daylight), _offset(standard)


def _last_rule(definition: Component, kind: str) -> Component | None:
    """Return the rule with the latest start: files list the historic ones too."""
    rules = [part for part in definition.components if part.name == kind and part.first("TZOFFSETTO")]
    return max(rules, key=lambda rule: rule.text("DTSTART"), default=None)


def _month(rule: Component) -> str:
    return rule.text("DTSTART")[4:6]


def _offset(rule: Component | None) -> timedelta | None:
    match = _OFFSET.search(rule.text("TZOFFSETTO")) if rule else None
    if match is None:
        return None
    size = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return -size if match[1] == "-" else size


@cache
def _offsets(zone: ZoneInfo) -> tuple[timedelta | None, timedelta | None]:
    january, july = (datetime(_PROBE_YEAR, month, 1, tzinfo=zone).utcoffset() for month in (1, 7))
    return january, july
