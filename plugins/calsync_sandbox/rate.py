"""Limits of requests in a span of time that moves along."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Rate:
    """Counts the requests of the last seconds."""

    def __init__(self, now: Callable[[], float], *, counts_refused: bool) -> None:
        """`counts_refused`: a request that is one too many puts off the next ones, too."""
        self._now = now
        self._counts_refused = counts_refused
        self._recent: deque[float] = deque()

    def wait(self, limit: int | None, window: float) -> int | None:
        """Count a request. Return the whole seconds to wait where it is one too many, None where it is not."""
        now = self._now()
        while self._recent and self._recent[0] <= now - window:
            self._recent.popleft()
        refused = limit is not None and len(self._recent) >= limit
        if limit is not None and (not refused or self._counts_refused):
            self._recent.append(now)
        return self._seconds(limit, window, now) if refused and limit is not None else None

    def _seconds(self, limit: int, window: float, now: float) -> int:
        """Return how long it takes until fewer requests than the limit are in the window."""
        leaves = self._recent[-limit] if 0 < limit <= len(self._recent) else now
        return max(1, math.ceil(leaves + window - now))
