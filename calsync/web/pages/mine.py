"""The start page: somebody's own accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.web.pages.start import is_wanted

if TYPE_CHECKING:
    from aiohttp import web

    from calsync.web.site import Site
    from calsync.web.visitor import Visitor


def add_to(site: Site) -> None:
    """Add the page."""

    async def show(_request: web.Request, visitor: Visitor) -> web.Response:
        if await is_wanted(site, visitor.who):
            return site.go(visitor, "/start")
        accounts = site.desk.accounts()
        own = await site.desk.people.accounts_of(visitor.who)
        return site.page(
            visitor, "mine.html", accounts=[accounts[name] for name in sorted(own) if name in accounts]
        )

    site.add("GET", "/", show)
