"""What somebody should look at: one card for each problem. Cards vanish when the cause does."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from calsync.desk.repair_groups import Group, grouped

if TYPE_CHECKING:
    from aiohttp import web

    from calsync.web.site import Site
    from calsync.web.visitor import Visitor


MOST = 50
"""Cards of one page, the most urgent ones first."""
FIRST = 10
"""Accounts that a card of many names; all of them have a page of their own."""


def add_to(site: Site) -> None:
    """Add the page."""

    async def show(request: web.Request, visitor: Visitor) -> web.Response:
        cards = await site.desk.showing.repairs(visitor.who)
        own = await site.desk.people.accounts_of(visitor.who)
        accounts = [name for name in site.desk.accounts() if visitor.administrator or name in own]
        groups, alike = grouped(cards), request.query.get("alike", "")
        group = next((one for one in groups if one.lead.key == alike and len(one.cards) > 1), None)
        if group is not None:
            groups = [Group(lead=card, cards=[card]) for card in group.cards]
        offset = _number(request.query.get("offset", ""), len(groups))
        shown = groups[offset : offset + MOST]
        named = {card.account for one in shown for card in one.cards[:FIRST] if card.account is not None}
        return site.page(
            visitor,
            "repairs.html",
            accounts=accounts,
            whose=await site.desk.showing.whose(visitor.who, named),
            groups=shown,
            total=len(groups),
            offset=offset,
            first=FIRST,
            alike=None if group is None else group.lead,
            here=_path(group, offset),
            before=_path(group, max(0, offset - MOST)) if offset else None,
            after=_path(group, offset + MOST) if offset + MOST < len(groups) else None,
        )

    site.add("GET", "/repairs", show)


def _number(text: str, end: int) -> int:
    """Return where a page begins; where there is no such page, where the first does."""
    found = int(text) if text.isdecimal() and len(text) < 9 else 0  # noqa: PLR2004 - no such page
    return found if found < end else 0


def _path(group: Group | None, offset: int) -> str:
    fields = {"alike": "" if group is None else group.lead.key, "offset": str(offset or "")}
    query = urlencode({name: value for name, value in fields.items() if value})
    return f"/repairs?{query}" if query else "/repairs"
