"""What runs wrote, day by day: for a small chart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.history import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime, tzinfo

    from calsync.history import RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What the runs of one day wrote to both sides."""

    day: date
    tally: Tally
    broken: int
    """How many kept runs failed as a whole."""


def days(records: Iterable[RunRecord], now: datetime, zone: tzinfo, last: int) -> Sequence[Day]:
    """Return so many days up to today in a time zone, oldest first, the empty ones too."""
    today = now.astimezone(zone).date()
    found = {
        today - timedelta(days=back): Day(day=today - timedelta(days=back), tally=Tally(), broken=0)
        for back in range(last)
    }
    for record in records:
        day = record.began.astimezone(zone).date()
        if day in found:
            before = found[day]
            broken = before.broken + (record.error is not None)
            found[day] = Day(day=day, tally=before.tally.plus(record.total), broken=broken)
    return [found[day] for day in sorted(found)]
