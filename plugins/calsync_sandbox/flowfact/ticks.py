"""The server's time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Ticks:
    """Gives each write its own time: epoch milliseconds, strictly increasing."""

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` answers epoch seconds."""
        self.now = now
        self._last = 0

    def next(self) -> int:
        self._last = max(self._last + 1, int(self.now() * 1000))
        return self._last
