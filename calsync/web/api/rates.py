"""How often somebody may ask: so many requests at once, and then so many a minute."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from calsync.ports import Clock

PER_MINUTE = 300
"""Requests of one person, with whatever tokens; as many at once are not slowed down."""
STRANGERS = 60
"""Requests without a good token, of one sender."""
KEPT = 10_000


@dataclass(slots=True)
class _Bucket:
    left: float
    at: datetime


class Rates:
    """Counts in memory. Whoever has not asked for a minute is forgotten as if they never had."""

    def __init__(self, clock: Clock, per_minute: int) -> None:
        self._clock = clock
        self._per_minute = per_minute
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, who: str) -> float:
        """Count a request. Return 0 where it may be answered, else in how many seconds the next one may."""
        now = self._clock.now()
        bucket = self._buckets.pop(who, None) or _Bucket(self._per_minute, now)
        passed = max(0.0, (now - bucket.at).total_seconds())
        bucket.left = min(float(self._per_minute), bucket.left + passed * self._per_minute / 60)
        bucket.at = now
        self._buckets[who] = bucket
        while len(self._buckets) > KEPT:
            self._buckets.popitem(last=False)
        if bucket.left < 1:
            return (1 - bucket.left) * 60 / self._per_minute
        bucket.left -= 1
        return 0.0
