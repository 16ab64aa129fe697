"""Who changed what, for administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.desk.audited import told
from calsync.people import Role
from calsync.sync.model import Side

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from calsync.web.site import Site
    from calsync.web.visitor import Visitor

MOST = 200
"""Changes that are shown."""


def add_to(site: Site) -> None:
    """Add the page."""

    async def show(request: web.Request, visitor: Visitor) -> web.Response:
        account = request.query.get("account", "").strip()
        language = visitor.texts.language
        entries = await site.desk.audit.last(visitor.who, MOST, account or None)
        whose = await site.desk.showing.whose(visitor.who, {one.account for one in entries if one.account})
        return site.page(
            visitor,
            "audit.html",
            account=account,
            accounts=sorted(site.desk.accounts()),
            changes=[
                (
                    one.at,
                    told(one, _titles(site, visitor, one.account), language, whose.get(one.account or "", "")),
                )
                for one in entries
            ],
            most=MOST,
        )

    site.add("GET", "/audit", show, Role.ADMINISTRATOR)


def _titles(site: Site, visitor: Visitor, account: str | None) -> Mapping[Side, str]:
    """Return what both systems of an account are called; of one that is gone which side each is."""
    config = site.desk.accounts().get(account or "")
    if config is None:
        return {side: visitor.texts(f"audit.{side.value}") for side in Side}
    return site.desk.showing.titles(config.left.connection, config.right.connection)
