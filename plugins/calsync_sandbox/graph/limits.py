"""How much an application may ask: so many requests in a span of time, and so many at once.

Both are counted per mailbox; whether those at once are, or over all mailboxes, Microsoft's pages contradict each
other. A batch is one request at once, but each of its parts counts in the span of time.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from calsync_sandbox.graph.errors import GraphError
from calsync_sandbox.rate import Rate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calsync_sandbox.graph.switches import GraphSwitches


class Limits:
    """Counts the requests of one application."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._rates: dict[str, Rate] = {}
        self._busy: Counter[str] = Counter()

    @contextmanager
    def under_way(self, mailbox: str, switches: GraphSwitches) -> Iterator[None]:
        """Take a place among the requests at once. Raises GraphError 429 where there is none."""
        scope = mailbox if switches.concurrency_scope == "mailbox" else ""
        limit = switches.concurrency_limit
        if limit is not None and self._busy[scope] >= limit:
            raise _throttled("MailboxConcurrency", switches.retry_after)
        self._busy[scope] += 1
        try:
            yield
        finally:
            self._busy[scope] -= 1

    def count(self, mailbox: str, switches: GraphSwitches) -> None:
        """Count a request in the span of time. Raises GraphError 429 for one that is one too many."""
        rate = self._rates.setdefault(mailbox, Rate(self._now, counts_refused=True))
        wait = rate.wait(switches.rate_limit, switches.rate_window)
        if wait is not None:
            raise _throttled("RequestBurst", wait)


def _throttled(limit: str, after: int | None) -> GraphError:
    return GraphError(
        429,
        "ApplicationThrottled",
        f"Application is over its {limit} limit.",
        headers={} if after is None else {"Retry-After": str(after)},
    )
