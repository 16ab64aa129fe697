"""When an account runs next."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.service.backoff import IDLE_POLLS

if TYPE_CHECKING:
    from datetime import datetime


class Wait:
    """The time between two runs of an account. It asks nobody for the time: whoever looks says it."""

    __slots__ = ("_began", "_may_idle", "_seconds", "_settle", "_settled", "due")

    def __init__(self, now: datetime, seconds: float, settle: float | None, *, may_idle: bool = False) -> None:
        """`settle`: how long a ring settles, in seconds; None: no ring brings the next run forward.

        `may_idle`: nothing is left to do, so polls are left out while a doorbell would tell of a change.
        """
        self._began = now
        self.due = now + timedelta(seconds=seconds)
        """When the next run is due, as far as is known."""
        self._seconds = seconds
        self._settle = settle
        self._settled = False
        """A ring has brought the next run forward."""
        self._may_idle = may_idle

    @property
    def _idle(self) -> datetime:
        return self._began + timedelta(seconds=self._seconds * IDLE_POLLS)

    def look(self, now: datetime, *, rung: bool, hears: bool) -> datetime:
        """Return when the next run is due as things stand: now or earlier, if it is."""
        if now < self._began:  # the clock was set back: nobody knows how long it has lasted
            return now
        if rung and not self._settled and self._settle is not None:
            self._settled = True
            self.due = min(self.due, now + timedelta(seconds=self._settle))
        elif self.due == self._idle and not hears:
            self.due = min(self.due, now + timedelta(seconds=self._seconds))
        if now >= self.due and not self._settled and self._may_idle and hears:
            self.due = self._idle
        return self.due
