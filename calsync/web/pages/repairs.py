"""What somebody should look at: one card for each problem. Cards vanish when the cause does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

    from calsync.web.site import Site
    from calsync.web.visitor import Visitor


MOST = 100
"""Cards on the page, the most urgent ones."""


def add_to(site: Site) -> None:
    """Add the page."""

    async def show(_request: web.Request, visitor: Visitor) -> web.Response:
        cards = await site.desk.showing.repairs(visitor.who)
        own = await site.desk.people.accounts_of(visitor.who)
        accounts = [name for name in site.desk.accounts() if visitor.administrator or name in own]
        return site.page(visitor, "repairs.html", cards=cards, most=MOST, accounts=accounts)

    site.add("GET", "/repairs", show)
