"""Reading all appointments that overlap a window.

Completeness is proved by the server's own count: as many different entities as it says there are. Where fewer
came, something moved while it was read; it is read once more, and then given up for now. A round number may be the
most that a search counts to: it proves nothing, and is asked for in parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.errors import AccountError, Retry
from calsync.values import replace
from calsync_flowfact.entity import entity_id
from calsync_flowfact.failures import Rejected
from calsync_flowfact.pages import Shifted, walk
from calsync_flowfact.tally import MOST_COUNTED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from calsync.sync.model import Window
    from calsync_flowfact.client import Client
    from calsync_flowfact.entity import Entity
    from calsync_flowfact.query import Queries

DAY = timedelta(days=1)


@dataclass(slots=True)
class Listing:
    """One listing in full. Used once."""

    client: Client
    queries: Queries
    size: int
    _told: set[str] = field(default_factory=set)
    _deep: bool = False
    """Whether the present span's first page was answered."""

    async def read(self, window: Window, owned: int) -> AsyncIterator[Sequence[Entity]]:
        """Yield pages of entities, each entity once. `owned` is how many appointments the owner has at all.

        The window is widened by a day on both sides, as all-day events have no zone. A server that refuses to
        search by range, or finds nothing in it (its units are not public), is asked for everything. Raises Retry
        for a listing that stays incomplete.
        """
        whole = replace(window, start=window.start - DAY, end=window.end + DAY)
        spans: list[Window | None] = [whole if self.queries.knows_ranges else None]
        while spans:
            span = spans.pop()
            self._deep = False
            try:
                async for entities in self._span(span):
                    yield entities
            except Rejected as refused:
                spans += self._instead(span, refused)
            if span == whole and not spans and not self._told and owned:
                spans.append(None)

    async def _span(self, span: Window | None) -> AsyncIterator[Sequence[Entity]]:
        seen: set[str] = set()
        for _ in range(2):
            total = 0
            try:
                async for hits in walk(self.client, self.queries.overlapping(span), self.size):
                    self._deep, total = True, hits.total
                    ids = [entity_id(entity) or "" for entity in hits.entities]
                    seen.update(ids)
                    yield [one for one, found in zip(hits.entities, ids, strict=True) if found not in self._told]
                    self._told.update(ids)
            except Shifted:
                continue
            if total and total % MOST_COUNTED == 0:
                raise Rejected(f"connection {self.client.name}: FLOWFACT may count no further than {total}")
            if len(seen) >= total:
                return
        raise Retry(f"{self.client.name}: FLOWFACT lists fewer appointments than it counts; trying again later")

    def _instead(self, span: Window | None, refused: Rejected) -> Sequence[Window | None]:
        """Return what to ask for where a server refuses: everything for a range, halves for a deep page."""
        if span is None and not self._deep:
            raise refused
        if span is None:
            raise AccountError(
                f"connection {self.client.name}: FLOWFACT does not list that many appointments at once; map start "
                "and end with a numeric codec, so that they can be listed in parts"
            ) from refused
        if not self._deep:
            return [None]
        middle = span.start + (span.end - span.start) / 2
        if span.end - span.start < DAY:
            raise refused
        return [replace(span, start=middle), replace(span, end=middle)]
