"""Old calendars are moved by whole weeks, so that they fall into the span of time that is synced."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from calsync_sandbox.ics.times import Moment, instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync_sandbox.ics.entries import Entry

_WEEK = timedelta(weeks=1)
_MARGIN = timedelta(days=1)
"""Kept free at both ends: the span moves on while the calendar is used."""


@dataclass(frozen=True, slots=True)
class Reach:
    """The span of time, in UTC, that entries are moved into."""

    start: datetime
    end: datetime

    @classmethod
    def around(cls, now: datetime, *, past_days: int, future_days: int) -> Reach:
        """Return the window of an account, less a day at both ends."""
        return cls(now - timedelta(days=past_days) + _MARGIN, now + timedelta(days=future_days) - _MARGIN)

    def holds(self, start: Moment, end: Moment) -> bool:
        return self.start <= instant(start) and instant(end) <= self.end


def shift(entry: Entry, reach: Reach) -> timedelta:
    """Return the whole weeks by which a single event moves: none where it is inside already.

    Wall clock and weekday stay in the event's own zone. Weeks in which a clock change would swallow or double
    one of its times are passed over.
    """
    return _shift(entry.start, entry.end, reach)


def series_shift(parts: Sequence[Entry], reach: Reach) -> timedelta:
    """Return the weeks by which a series moves as one: so that its first exception, else its master, is inside."""
    exceptions = [entry for entry in parts if entry.kind == "exception"]
    anchor = min(exceptions or parts, key=lambda entry: instant(entry.start))
    return _shift(anchor.start, anchor.end, reach)


def moved(at: Moment, by: timedelta) -> Moment:
    """Return a time some weeks later or earlier, with the same wall clock. Raises OverflowError."""
    return at.replace(fold=0) + by if isinstance(at, datetime) else at + by


def _shift(start: Moment, end: Moment, reach: Reach) -> timedelta:
    if reach.holds(start, end):
        return timedelta(0)
    first = _week(reach.start) + 1
    length = -(-(instant(end) - instant(start)) // _WEEK)
    count = max(1, _week(reach.end) - length - first)
    offset = (_week(start) - first) % count
    weeks = (first + (offset + step) % count - _week(start) for step in range(count))
    candidates = (timedelta(weeks=number) for number in weeks)
    fitting = (by for by in candidates if _tells_time(moved(start, by), moved(end, by)))
    return next(fitting, timedelta(weeks=first - _week(start)))


def _week(at: Moment) -> int:
    """Return the number of a week, from Monday to Sunday, since the beginning of the calendar."""
    return (at.toordinal() - 1) // 7


def _tells_time(start: Moment, end: Moment) -> bool:
    return _exists_once(start) and _exists_once(end) and instant(start) <= instant(end)


def _exists_once(at: Moment) -> bool:
    if not isinstance(at, datetime):
        return True
    back = at.astimezone(UTC).astimezone(at.tzinfo)
    return back.replace(tzinfo=None) == at.replace(tzinfo=None) and (
        at.replace(fold=0).utcoffset() == at.replace(fold=1).utcoffset()
    )
