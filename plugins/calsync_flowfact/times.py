"""Instants and whole days as FLOWFACT's date fields hold them. How they do is not public, so it is configured.

An all-day appointment lasts from the start of its first day to the start of the day after its last one
(`exclusive`), of its last one (`inclusive`), or to the last minute of its last one (`last_minute`), in the
account's time zone or in UTC. One that is stored in midnights of UTC is read by its UTC dates: in no zone does the
local day begin then, unless it is UTC's own. Where days are stored as dates, a text without a time is one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from calsync.sync.model import AllDay, Timed

if TYPE_CHECKING:
    from datetime import tzinfo

HOME = ZoneInfo("Europe/Berlin")
"""Where FLOWFACT's users live: what is judged before any account is known is judged by its clock."""
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_GERMAN = re.compile(r"(\d\d?)\.(\d\d?)\.(\d{4})(?: (\d\d?):(\d\d)(?::(\d\d))?)?")
_UNIT = {"epoch_ms": timedelta(milliseconds=1), "epoch_s": timedelta(seconds=1)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Unreadable(ValueError):  # noqa: N818 - an outcome: the entity is no event that calsync can show
    """A value is not what its codec promises."""


@dataclass(frozen=True, slots=True)
class InstantCodec:
    """One form of an instant: `epoch_ms`, `epoch_s`, `iso` (with an offset), and wall-clock time.

    That is `iso_local`, or `german_local` (`DD.MM.YYYY[ HH:MM[:SS]]`), as a public client sends dates.
    """

    form: str
    zone: ZoneInfo

    def encode(self, instant: datetime) -> int | str:
        """Return the wire's form. Wall-clock time does not tell the second of two equal hours from the first."""
        if self.form in _UNIT:
            return int((instant - _EPOCH) / _UNIT[self.form])
        local = instant.astimezone(self.zone)
        if self.form == "german_local":
            return f"{self.day(local.date())} {local:%H:%M:%S}".removesuffix(":00")
        return (local.replace(tzinfo=None) if self.form == "iso_local" else local).isoformat(timespec="seconds")

    def decode(self, value: Any, *, fold: int = 0) -> datetime:
        """Return the instant in UTC. Text without an offset is wall-clock time; `fold` as in PEP 495."""
        try:
            found = self._number(value) if self.form in _UNIT else self._text(value, fold)
            return found.astimezone(UTC)
        except (ValueError, TypeError, OverflowError) as error:
            raise Unreadable(f"no {self.form}") from error

    def day(self, day: date) -> str:
        """Return a day as a text without a time."""
        return f"{day:%d.%m.}{day.year:04}" if self.form == "german_local" else day.isoformat()

    def is_day(self, value: Any) -> bool:
        """Tell whether a value is a text without a time."""
        if not isinstance(value, str):
            return False
        german = self.form == "german_local" and _GERMAN.fullmatch(value)
        return german[4] is None if german else _DATE.fullmatch(value) is not None

    def _number(self, value: Any) -> datetime:
        if isinstance(value, bool):
            raise TypeError
        number = float(value)
        if number != number:  # noqa: PLR0124 - not a number
            raise ValueError
        return _EPOCH + number * _UNIT[self.form]

    def _text(self, value: Any, fold: int) -> datetime:
        found = _german(value) if self.form == "german_local" else datetime.fromisoformat(value)
        return found if found.tzinfo else found.replace(tzinfo=self.zone, fold=fold)


def _german(value: Any) -> datetime:
    parts = _GERMAN.fullmatch(value.strip()) if isinstance(value, str) else None
    if parts is None:
        raise ValueError
    day, month, year, hour, minute, second = (int(part or 0) for part in parts.groups())
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the caller knows the zone


def day_start(day: date, zone: tzinfo) -> datetime:
    """Return the instant at which a day begins: at midnight, or later where the clocks skip it."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanCodec:
    """Start and end of an event, timed or all-day."""

    start: InstantCodec
    end: InstantCodec
    days_end: str
    """`exclusive`, `inclusive` or `last_minute`."""
    utc: bool
    """Whether days are written in midnights of UTC."""
    dates: bool
    """Whether days are written as dates without a time."""

    def are_days(self, start: Any, end: Any) -> bool:
        """Tell by the values alone whether they are whole days: dates, or times from midnight to midnight.

        Raises Unreadable.
        """
        if self.dates:
            return self.start.is_day(start) and self.end.is_day(end)
        first, last = self.start.decode(start), self.end.decode(end)
        try:
            return self._from_midnight_to_midnight(first, last)
        except (ValueError, OverflowError) as error:
            raise Unreadable("not a span of time") from error

    def _from_midnight_to_midnight(self, first: datetime, last: datetime) -> bool:
        ends = last + MINUTE if self.days_end == "last_minute" else last
        zone = UTC if self.utc else self.start.zone
        whole = all(at == day_start(at.astimezone(zone).date(), zone) for at in (first, ends))
        return whole and (first <= last if self.days_end == "inclusive" else first < last)

    def decode(self, start: Any, end: Any, *, all_day: bool) -> Timed | AllDay:
        """Return the span. Raises Unreadable for what is none: no date, or an end before its start."""
        first, last = self.start.decode(start), self.end.decode(end)
        if last < first:  # within the hour that the clocks repeat, wall-clock time does not tell the two apart
            last = self.end.decode(end, fold=1)
        if last < first:
            raise Unreadable("an event cannot end before it starts")
        try:
            return self._days(first, last) if all_day else Timed(first, last)
        except (ValueError, OverflowError) as error:
            raise Unreadable("not a span of time") from error

    def encode(self, when: Timed | AllDay) -> tuple[int | str, int | str]:
        """Return the values of start and end. Raises OverflowError at the end of the calendar."""
        if isinstance(when, Timed):
            return self.start.encode(when.start), self.end.encode(when.end)
        last = when.after - DAY if self.days_end == "inclusive" else when.after
        if self.dates:
            last = when.after if self.days_end == "exclusive" else when.after - DAY
            return self.start.day(when.first), self.end.day(last)
        zone = UTC if self.utc else self.start.zone
        end = day_start(last, zone) - (MINUTE if self.days_end == "last_minute" else timedelta())
        return self.start.encode(day_start(when.first, zone)), self.end.encode(end)

    def _days(self, start: datetime, end: datetime) -> AllDay:
        zone = self.start.zone
        if start.time() == time() and start != day_start(start.astimezone(zone).date(), zone):
            first, last, whole = start.date(), end.date(), end.time() == time()
        else:
            first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
            whole = end == day_start(last, zone)
        exclusive = self.days_end == "exclusive" or (self.days_end == "last_minute" and not self.dates)
        after = last if whole and exclusive else last + DAY
        return AllDay(first, max(after, first + DAY))
