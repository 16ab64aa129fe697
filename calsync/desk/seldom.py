"""What anybody can make happen as often as they like is told once in a while, so that it fills no log."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable
    from datetime import datetime

    from calsync.ports import Clock

PAUSE = timedelta(minutes=15)


class Seldom:
    """Remembers, in memory, when something was told. Strangers must not be able to make up what it is about."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: dict[Hashable, datetime] = {}

    def level(self, about: Hashable) -> int:
        """Return the level at which the log is told now: a warning, and for a while no more than debug."""
        now, last = self._clock.now(), self._told.get(about)
        if last is not None and now - last < PAUSE:
            return logging.DEBUG
        self._told[about] = now
        return logging.WARNING
