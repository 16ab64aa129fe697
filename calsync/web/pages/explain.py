"""One appointment: why it is, or is not, in the other calendar, and what happened to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.desk.explain import Hits
from calsync.sync.model import Side
from calsync.web.pages.account import ACCOUNT, account_page

if TYPE_CHECKING:
    from aiohttp import web

    from calsync.desk.explain import Explanation
    from calsync.web.site import Site
    from calsync.web.visitor import Visitor

LONGEST = 1_000
"""Characters of an id, or of words to look for; Microsoft's ids have up to a few hundred."""


def add_to(site: Site) -> None:
    """Add the page."""
    site.add("GET", f"{ACCOUNT}/explain", _Explain(site).show)


class _Explain:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._explaining = site.desk.explaining

    async def show(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Show the event that the query names by its id and side, or what may be meant by its words."""
        page = await account_page(self._site, request, visitor)
        event, words = (request.query.get(name, "").strip()[:LONGEST] for name in ("event", "words"))
        side = next((one for one in Side if one.value == request.query.get("side")), None)
        hits, told = Hits(rows=(), total=0), None
        if event and side is not None:
            told = await self._explaining.explain(visitor.who, page.row.account, side, event)
        elif event or words:
            hits, told = await self._meant(visitor, page.row.account, event or words)
        return self._site.page(
            visitor,
            "account_explain.html",
            page=page,
            sides=list(Side),
            words=words,
            asked=bool(event or words),
            hits=hits,
            told=told,
        )

    async def _meant(self, visitor: Visitor, account: str, words: str) -> tuple[Hits, Explanation | None]:
        hits = await self._explaining.find(visitor.who, account, words)
        if len(hits.rows) != 1:
            return hits, None
        (hit,) = hits.rows
        return hits, await self._explaining.explain(visitor.who, account, hit.side, hit.event_id)
