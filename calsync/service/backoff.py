"""How long the service waits."""

from __future__ import annotations

from calsync.errors import Retry

LONGEST_WAIT = 3600.0
"""Seconds between two tries of an account that keeps failing."""
SETTLE_SECONDS = 0.3
"""How long a ring waits for others: one change rings several times, and what calsync writes rings too."""
LONGEST_SETTLE = 60.0
"""As SETTLE_SECONDS, where ring after ring makes runs with nothing to do: each waits twice as long as the last."""
BUSY_SECONDS = 2.0
"""Seconds until an account is tried again that another process works on."""
LISTEN_AGAIN = 60.0
"""Seconds until a doorbell that failed is listened to again; twice as long each further time."""
IDLE_POLLS = 10
"""Of so many polls one is carried out, where nothing is left to do and a doorbell would tell of a change."""


def doubled(seconds: float, times: int) -> float:
    """Return seconds, doubled so often, up to a limit."""
    return seconds * 2.0 ** min(max(times, 0), 10)


def back_off(failures: int, error: Exception, first: float) -> float:
    """Return the seconds until the next try: `first`, then twice as long each time, or what the server asks."""
    wait = min(LONGEST_WAIT, doubled(first, failures - 1))
    if isinstance(error, Retry) and error.after is not None:
        return max(error.after, min(wait, first))
    return wait


def says_when(error: Exception) -> bool:
    """Tell whether the server has said when to try again."""
    return isinstance(error, Retry) and error.after is not None


def settle_after_failure(failures: int, error: Exception) -> float | None:
    """Return how long a ring settles behind so many failures; None: no ring brings the next try forward."""
    return None if says_when(error) else doubled(SETTLE_SECONDS, failures)


def settle_after(vain: int) -> float:
    """Return how long a ring settles behind so many runs in a row that a ring has made in vain."""
    return min(LONGEST_SETTLE, doubled(SETTLE_SECONDS, vain - 1))
