"""The pauses that a server asks for (docs/decisions/0011)."""

from __future__ import annotations

import email.utils
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from calsync.errors import Retry

if TYPE_CHECKING:
    from calsync.ports import Clock

MAX_WAIT = 3600.0
"""Seconds. A server that asks for a longer pause is asked again after this one, so that no slip of it lasts."""
UNNAMED_PAUSE = 60.0
"""Seconds that a server gets that refuses a request as one too many (429) and names no time."""
PATIENCE = timedelta(seconds=30)
"""How long one request waits for pauses to end; longer ones end the run. An update is a read and a write, so they
wait for a minute at most: less than a lease has left when they may begin at last (`Notebook.may_write`)."""
NEVER = datetime.min.replace(tzinfo=UTC)
log = logging.getLogger("calsync.http")


class Pause:
    """The time in which a server wants no request: it counts those that it refuses, so they would prolong it."""

    def __init__(self, name: str, clock: Clock) -> None:
        """`name` is the connection's, for messages."""
        self._name = name
        self._clock = clock
        self._until = NEVER

    @property
    def left(self) -> float:
        """The seconds that are left of it."""
        left = (self._until - self._clock.now()).total_seconds()
        return left if 0 < left <= MAX_WAIT else 0.0  # with more than that left, the clock was set back

    def begin(self, seconds: float) -> None:
        """Begin a pause; one that lasts longer goes on."""
        left, seconds = self.left, min(seconds, MAX_WAIT)
        if seconds > left:
            self._until = self._clock.now() + timedelta(seconds=seconds)
        if seconds > 0 and not left:
            told = {"connection": self._name, "seconds": seconds}
            log.info("%(connection)s: the server asks for a pause of %(seconds).0f s", told)

    def ends_by(self, deadline: datetime) -> bool:
        """Tell whether it is over then."""
        return self._clock.now() + timedelta(seconds=self.left) <= deadline

    async def over(self, deadline: datetime) -> None:
        """Wait until it is over. Raises Retry at once where that is later than `deadline`."""
        while left := self.left:
            if not self.ends_by(deadline):
                raise Retry(f"{self._name}: nothing was sent, because the server asks to wait", after=left)
            await self._clock.sleep(left)


def seconds_to_wait(value: str, now: datetime, default: float) -> float:
    """Return the seconds of a Retry-After header, at most MAX_WAIT.

    A number or an HTTP date (RFC 9110, section 10.2.3); `default` for neither.
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(float(value), MAX_WAIT)
    try:
        date = email.utils.parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return default
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return min(max(0.0, (date - now).total_seconds()), MAX_WAIT)
