"""The change feed: the server's sync reports (RFC 6578), and a listing of the window to begin with.

The token is taken before the listing, so what changes meanwhile is told again. A server without sync reports is
listed in full each time.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from calsync.errors import AccountError, Retry, TokenLost
from calsync.ports import Page
from calsync_caldav.client import Conflict, Denied, NotThere, Refused
from calsync_caldav.dav import DAV, between, propfind, sync_collection

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from calsync.sync.model import Window
    from calsync_caldav.client import Client
    from calsync_caldav.reading import EventReader

TOKEN = f"{{{DAV}}}sync-token"
NO_FEED = "listed without sync reports"
"""The token of a server that has none. It leads nowhere, so the next run lists in full again."""
MARGIN = timedelta(days=1)
"""A server places days and times without a zone by a zone of its own; calsync's window holds days by UTC dates."""
MAX_ROUNDS = 1000
"""More parts of one answer than any calendar has."""


class Feed:
    """Reads rounds of one collection."""

    def __init__(self, client: Client, reader: EventReader) -> None:
        self._client = client
        self._reader = reader

    async def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        """Yield the pages of a round; see `calsync.ports.Reader.changes`."""
        try:
            if token is None:
                async for page in self._listing(window):
                    yield page
            else:
                async for page in self._since(token):
                    yield page
        except NotThere as error:
            raise AccountError(f"the calendar is no longer there: {error}") from error

    async def _listing(self, window: Window) -> AsyncIterator[Page]:
        token = await self._token()
        start, end = (instant.astimezone(UTC) for instant in (window.start - MARGIN, window.end + MARGIN))
        answer = await self._client.multistatus("REPORT", self._reader.path, between(start, end), depth=1)
        if any(one.status == 507 for one in answer.resources):  # noqa: PLR2004 - HTTP's; RFC 4791, 7.8 lets it stop
            raise AccountError(
                "the calendar server lists a part of the calendar only: sync a shorter span of time"
            )
        ids = sorted(filter(None, (self._reader.event_id(one.path) for one in answer.resources)))
        async for page in self._told(ids):
            yield page
        yield Page(token=token or NO_FEED, complete=True)

    async def _since(self, token: str) -> AsyncIterator[Page]:
        if token == NO_FEED:
            raise TokenLost("the calendar server has no sync reports")
        for _ in range(MAX_ROUNDS):
            try:
                answer = await self._client.multistatus(
                    "REPORT", self._reader.path, sync_collection(token), depth=0
                )
            except (Conflict, Denied, Refused) as refused:  # 403 with valid-sync-token, in the standard's words
                raise TokenLost("the calendar server accepts the token no more") from refused
            if not answer.token:
                raise TokenLost("the calendar server told no new token")
            token, parts = answer.token, [one for one in answer.resources if one.status == 507]  # noqa: PLR2004 - HTTP's
            gone = [one.path for one in answer.resources if one.status == 404]  # noqa: PLR2004
            there = [one.path for one in answer.resources if one.status == 200]  # noqa: PLR2004
            async for page in self._told(self._ids(there)):
                yield page
            yield Page(removed=self._ids(gone), token=token)
            if not parts:  # "there is more" is said of the collection itself (RFC 6578, 3.6)
                return
        raise Retry("the calendar server's list of changes has no end")

    async def _told(self, ids: Sequence[str]) -> AsyncIterator[Page]:
        """Yield what events are now; one that went meanwhile is a tombstone."""
        for batch in self._reader.batches(ids):
            found = await self._reader.many(batch)
            missing = [event_id for event_id in batch if event_id not in found]
            yield Page(observations=list(found.values()), removed=missing)

    def _ids(self, paths: Sequence[str]) -> list[str]:
        return sorted(filter(None, map(self._reader.event_id, paths)))

    async def _token(self) -> str:
        answer = await self._client.multistatus("PROPFIND", self._reader.path, propfind(TOKEN), depth=0)
        return answer.resources[0].text(TOKEN) if answer.resources else ""
