"""The change feed: `calendarView/delta`, a round of pages over a window that its tokens keep.

What it tells is only a hint in one respect: `@removed` also means "left the window" or "changed", so it becomes a
tombstone, never a delete. Series come as single occurrences, most of them as stubs without a subject.

In some mailboxes the feed does not get to its end (msgraph-sdk-dotnet 1568 and 3070), and for calendars besides
the primary one it is documented for beta only. Such a calendar is listed as a plain calendar view in each run.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextlib import aclosing
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from calsync.ahead import ahead
from calsync.errors import AccountError, Retry, TokenLost
from calsync.ports import Page
from calsync.values import replace
from calsync_graph.client import MAX_PAGES, PAGE_SIZE
from calsync_graph.mapping import Unreadable, is_text, master_id, series_observation
from calsync_graph.refusals import Failed, NoMailbox, Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from calsync.sync.model import Observation, Window
    from calsync_graph.client import Client
    from calsync_graph.home import Home
    from calsync_graph.reading import EventReader

MARGIN = timedelta(days=1)
"""The server places all-day events by its own zone; calsync's window holds them by UTC dates."""
VIEW_SIZE = 20
"""Events in one page of a plain view: small, as the feed's pages may have been too large or too slow."""
MAX_REPEATS = 3
"""A page may come twice in a round. One that comes more often comes for ever."""
MAX_DAYS = 1825
"""The longest window that the server lists."""
TRIES = 3
"""Runs in which a token may fail at once, as it does while the server is away. Then it is given up."""
NO_FEED = "listed without the feed"
"""The token of such a listing. It leads nowhere, so the next run lists in full again, and tries the feed first."""
log = logging.getLogger("calsync.graph")


class Feed:
    """Reads rounds of one calendar."""

    __slots__ = ("_client", "_failures", "_home", "_reader")

    def __init__(self, client: Client, home: Home, reader: EventReader) -> None:
        self._client = client
        self._home = home
        self._reader = reader
        self._failures = 0
        """How many runs in a row the server had no answer to the token."""

    async def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        """Yield the pages of a round; see `calsync.ports.Reader.changes`. A token is a link of the server."""
        told = set[str]()
        source = self._listed(window) if token is None else self._followed(token)
        async with aclosing(ahead(source)) as contents:
            async for content in contents:
                await asyncio.sleep(0)  # the next page is asked for before this one is read, not behind it
                page = await self._read(content["value"], told)
                following, last = content.get("@odata.nextLink"), content.get("@odata.deltaLink")
                if token is None:
                    page = replace(page, token=last, complete=bool(last))
                else:
                    page = replace(page, token=following or last)
                yield page

    async def _followed(self, token: str) -> AsyncIterator[Mapping[str, Any]]:
        """Yield the answers of a round behind a token.

        A round that fails behind its first page will fail there again, for the server itself is not away. One that
        fails at once is tried again. Given up, it is still tried first in each run, until a listing replaced it.
        """
        if not self._client.is_own(token):
            raise TokenLost("the token was given by another server, or by none")
        begun = False
        try:
            async for content in self._round(token):
                begun = True
                yield content
        except Refused as refused:
            raise TokenLost("Microsoft Graph accepts the token no more") from refused
        except NoMailbox as gone:
            # The link holds the address that the mailbox had then; a listing in full asks for the present one.
            raise TokenLost("Microsoft Graph knows the token's mailbox no more") from gone
        except Failed as failed:
            self._failures += 1
            if not begun and self._failures < TRIES:
                raise
            raise TokenLost("Microsoft Graph does not come to the end of the changes") from failed
        else:
            self._failures = 0

    async def _listed(self, window: Window) -> AsyncIterator[Mapping[str, Any]]:
        """Yield the answers of a round over the window, or those of a plain view where the feed fails."""
        await self._home.confirm()
        try:
            async for content in self._round(f"{self._home.feed_path}?{_span(window)}"):
                yield content
        except (Refused, Failed) as trouble:
            log.info("%s: a calendar is listed without its change feed: %s", self._client.connection, trouble)
        else:
            return
        try:
            async for rows in self._client.pages(
                f"{self._home.path}/calendarView?{_span(window)}&$top={VIEW_SIZE}", VIEW_SIZE
            ):
                yield {"value": rows}
        except Refused as refused:
            advice = "; choose a shorter window" if _longer_than_allowed(window) else ""
            raise AccountError(f"{refused}: the calendar cannot be listed{advice}") from refused
        yield {"value": (), "@odata.deltaLink": NO_FEED}

    async def _round(self, link: str) -> AsyncIterator[Mapping[str, Any]]:
        """Yield the answers of a round. Raises Refused, Failed, and what `Client.get` raises."""
        pages = Counter[object]()
        for _ in range(MAX_PAGES):
            content = await self._page(link)
            self._client.rows(content, "value")
            self._check_progress(pages, content)
            following = content.get("@odata.nextLink")
            if following is None and content.get("@odata.deltaLink") is None:
                raise Failed(f"connection {self._client.connection}: Microsoft Graph broke off a list of changes")
            yield content
            if following is None:
                return
            link = following
        raise self._endless()

    async def _page(self, link: str) -> Mapping[str, Any]:
        """Return one page. An answer that is lost, late or too large is Failed as well: another way may do.

        A link to another host stays Retry, as does a server that names a pause.
        """
        try:
            return await self._client.get(link, page_size=PAGE_SIZE)
        except Retry as failed:
            own = link.startswith("/") or self._client.is_own(link)
            if isinstance(failed, Failed) or failed.after is not None or not own:
                raise
            raise Failed(str(failed)) from failed

    def _check_progress(self, pages: Counter[object], content: Mapping[str, Any]) -> None:
        """Raise Failed for a round that goes in circles, as in some mailboxes (msgraph-sdk-dotnet 3070)."""
        following = content.get("@odata.nextLink")
        rows = frozenset((row.get("id"), row.get("@odata.etag"), "@removed" in row) for row in content["value"])
        pages[following] += following is not None
        pages[rows] += bool(rows)
        if pages[following] > 1 or pages[rows] > MAX_REPEATS:
            raise self._endless()

    def _endless(self) -> Failed:
        return Failed(f"connection {self._client.connection}: Microsoft Graph repeats a page of changes for ever")

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


def _span(window: Window) -> str:
    start, end = (instant.astimezone(UTC) for instant in (window.start - MARGIN, window.end + MARGIN))
    return f"startDateTime={start:%Y-%m-%dT%H:%M:%SZ}&endDateTime={end:%Y-%m-%dT%H:%M:%SZ}"


def _longer_than_allowed(window: Window) -> bool:
    return window.end - window.start + 2 * MARGIN > timedelta(days=MAX_DAYS)
