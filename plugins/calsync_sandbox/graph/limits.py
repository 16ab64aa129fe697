"""How much an application may ask: so many requests in a span of time, and so many at once.

Both are counted per mailbox; whether those at once are, or over all mailboxes, Microsoft's pages contradict each
other. Each part of a batch counts in the span of time; up to four of them are carried out at once.
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


PARTS_AT_ONCE = 4
"""Of a batch. Source: Microsoft's page "Throttling service limits", Outlook."""


class Limits:
    """Counts the requests of one application."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._rates: dict[str, Rate] = {}
        self._busy: Counter[str] = Counter()

    @contextmanager
    def under_way(self, mailbox: str, parts: int, switches: GraphSwitches) -> Iterator[None]:
        """Take a place among the requests at once, for a batch one for each of its parts that are carried out.

        Raises GraphError 429 where there are too few.
        """
        scope = mailbox if switches.concurrency_scope == "mailbox" else ""
        limit = switches.concurrency_limit
        places = min(parts, PARTS_AT_ONCE)
        if limit is not None:
            places = min(places, max(limit, 1))  # a batch alone is always carried out, with fewer parts at once
        if limit is not None and self._busy[scope] + places > limit:
            raise _throttled("MailboxConcurrency", switches.retry_after)
        self._busy[scope] += places
        try:
            yield
        finally:
            self._busy[scope] -= places

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
