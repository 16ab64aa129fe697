"""The change feed: `calendarView/delta`, a round of pages over a window that its tokens keep.

What it tells is only a hint in one respect: `@removed` also means "left the window" or "changed", so it becomes a
tombstone, never a delete. Series come as single occurrences, most of them as stubs without a subject.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from calsync.ahead import ahead
from calsync.errors import AccountError, Retry, TokenLost
from calsync.ports import Page
from calsync_graph.client import MAX_PAGES, PAGE_SIZE
from calsync_graph.mapping import Unreadable, is_text, master_id, series_observation
from calsync_graph.refusals import NoMailbox, Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime

    from calsync.sync.model import Observation, Window
    from calsync_graph.client import Client
    from calsync_graph.home import Home
    from calsync_graph.reading import EventReader

MARGIN = timedelta(days=1)
"""The server places all-day events by its own zone; calsync's window holds them by UTC dates."""
MAX_REPEATS = 3
"""A page may come twice in a round. One that comes more often comes for ever."""


class Feed:
    """Reads rounds of one calendar."""

    def __init__(self, client: Client, home: Home, reader: EventReader) -> None:
        self._client = client
        self._home = home
        self._reader = reader

    async def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        """Yield the pages of a round; see `calsync.ports.Reader.changes`. A token is a link of the server."""
        if token is not None and not self._client.is_own(token):
            raise TokenLost("the token was given by another server")
        told = set[str]()
        async with aclosing(ahead(self._contents(token, window))) as contents:
            async for content in contents:
                await asyncio.sleep(0)  # the next page is asked for before this one is read, not behind it
                page = await self._read(content["value"], told)
                following, last = content.get("@odata.nextLink"), content.get("@odata.deltaLink")
                if token is None:
                    page = replace(page, token=last, complete=bool(last))
                else:
                    page = replace(page, token=following or last)
                yield page

    async def _contents(self, token: str | None, window: Window) -> AsyncIterator[Mapping[str, Any]]:
        """Yield the answers of a round."""
        link, pages = token or self._first_link(window), Counter[object]()
        for _ in range(MAX_PAGES):
            content = await self._page(link, in_full=token is None)
            self._check_progress(pages, content)
            following = content.get("@odata.nextLink")
            if following is None and content.get("@odata.deltaLink") is None:
                raise Retry(f"connection {self._client.connection}: Microsoft Graph broke off a list of changes")
            yield content
            if following is None:
                return
            link = following
        raise self._endless()

    def _first_link(self, window: Window) -> str:
        start, end = window.start - MARGIN, window.end + MARGIN
        return f"{self._home.feed_path}?startDateTime={_stamp(start)}&endDateTime={_stamp(end)}"

    async def _page(self, link: str, *, in_full: bool) -> Any:
        try:
            content = await self._client.get(link, page_size=PAGE_SIZE)
        except Refused as refused:
            if not in_full:
                raise TokenLost("Microsoft Graph accepts the token no more") from refused
            if refused.token_lost:
                raise Retry(
                    f"connection {self._client.connection}: Microsoft Graph lost its place in a listing"
                ) from refused
            raise AccountError(f"{refused}: the calendar cannot be listed") from refused
        except NoMailbox as gone:
            if in_full:
                raise
            # The link holds the address that the mailbox had then; a listing in full asks for the present one.
            raise TokenLost("Microsoft Graph knows the token's mailbox no more") from gone
        self._client.rows(content, "value")
        return content

    def _check_progress(self, pages: Counter[object], content: Mapping[str, Any]) -> None:
        """Raise Retry for a round that goes in circles, as it does in some mailboxes (msgraph-sdk-dotnet 3070)."""
        following = content.get("@odata.nextLink")
        rows = frozenset((row.get("id"), row.get("@odata.etag"), "@removed" in row) for row in content["value"])
        pages[following] += following is not None
        pages[rows] += bool(rows)
        if pages[following] > 1 or pages[rows] > MAX_REPEATS:
            raise self._endless()

    def _endless(self) -> Retry:
        return Retry(f"connection {self._client.connection}: Microsoft Graph repeats a page of changes for ever")

    async def _read(self, rows: Sequence[Mapping[str, Any]], told: set[str]) -> Page:
        """Read a page's rows; of several about one event the last one counts. `told`: series of this round."""
        latest = {str(row.get("id")): row for row in rows}
        removed = [event_id for event_id, row in latest.items() if "@removed" in row]
        present = [row for row in latest.values() if "@removed" not in row and not row.get("isDraft")]
        singles = [row for row in present if master_id(row) is None]
        series, masters = await self._series(present, told)
        return Page(
            observations=[*await self._singles(singles), *series],
            removed=[event_id for event_id in removed if event_id not in masters],
        )

    async def _singles(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[Observation]:
        """Return the observations of single events; those whose notes came as HTML are read again, as text."""
        as_html = [str(row.get("id")) for row in rows if not is_text(row)]
        read = await self._reader.many(as_html) if as_html else {}
        told = [self._reader.observed(row) for row in rows if is_text(row)]
        return [*(seen for seen in told if seen is not None), *read.values()]

    async def _series(
        self, rows: Sequence[Mapping[str, Any]], told: set[str]
    ) -> tuple[Sequence[Observation], Mapping[str, Observation]]:
        """Return one observation per series that this round has not told yet, and the masters that were read."""
        occurrences: dict[str, Mapping[str, Any]] = {}
        for row in rows:
            master = master_id(row)
            if master is not None and master not in told:
                occurrences.setdefault(master, row)
        told.update(occurrences)
        masters = await self._reader.many(list(occurrences)) if occurrences else {}
        series = []
        for master, row in occurrences.items():
            try:
                series.append(series_observation(row, masters.get(master)))
            except Unreadable:
                told.discard(master)  # another occurrence of it may be readable
        return series, masters


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
