"""One account, for administrators and for whom it belongs to: how it is, what was done, and what is not synced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web

from calsync.desk.activity import KINDS
from calsync.desk.left_out import How
from calsync.desk.refused import Refused
from calsync.sync.model import Side, State

if TYPE_CHECKING:
    from collections.abc import Iterable
    from enum import StrEnum

    from calsync.desk.showing import AccountPage
    from calsync.web.site import Site
    from calsync.web.visitor import Visitor

    E = TypeVar("E", bound=StrEnum)

ACCOUNT = "/accounts/{account}"
ROWS = 50
LATEST = 6
"""Sentences on an account's first page."""


def add_to(site: Site) -> None:
    """Add the pages."""
    pages = _Account(site)
    site.add("GET", ACCOUNT, pages.show)
    site.add("GET", f"{ACCOUNT}/activity", pages.activity)
    site.add("GET", f"{ACCOUNT}/events", pages.events)
    site.add("GET", f"{ACCOUNT}/left-out", pages.left_out)


class _Account:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._showing = site.desk.showing

    async def show(self, request: web.Request, visitor: Visitor) -> web.Response:
        page = await account_page(self._site, request, visitor)
        latest = await self._showing.activity(visitor.who, page.row.account, most=LATEST)
        return self._page(visitor, "account.html", page, latest=latest.rows)

    async def activity(self, request: web.Request, visitor: Visitor) -> web.Response:
        page = await account_page(self._site, request, visitor)
        kind = next((one for one in KINDS if str(one) == request.query.get("kind")), None)
        side = _one_of(Side, request.query.get("side"))
        rows = await self._showing.activity(
            visitor.who,
            page.row.account,
            kind=kind,
            side=side,
            before=number_of(request.query.get("before")),
            most=ROWS,
        )
        return self._page(
            visitor,
            "account_activity.html",
            page,
            found=rows,
            kinds=[str(one) for one in KINDS],
            kind=kind,
            side=side,
        )

    async def events(self, request: web.Request, visitor: Visitor) -> web.Response:
        page = await account_page(self._site, request, visitor)
        state = _one_of(State, request.query.get("state"))
        rows = await self._showing.pairs(
            visitor.who,
            page.row.account,
            state=state,
            before=number_of(request.query.get("before")),
            most=ROWS,
        )
        return self._page(visitor, "account_events.html", page, found=rows, states=list(State), state=state)

    async def left_out(self, request: web.Request, visitor: Visitor) -> web.Response:
        page = await account_page(self._site, request, visitor)
        how, offset = _one_of(How, request.query.get("how")), number_of(request.query.get("offset")) or 0
        found = await self._showing.left_out(visitor.who, page.row.account, how=how, offset=offset, most=ROWS)
        hows = dict.fromkeys(one for one, _ in found.counts)
        return self._page(
            visitor, "account_left_out.html", page, found=found, hows=hows, how=how, offset=offset, most=ROWS
        )

    def _page(self, visitor: Visitor, template: str, page: AccountPage, **values: Any) -> web.Response:
        return self._site.page(visitor, template, page=page, sides=list(Side), **values)


async def account_page(site: Site, request: web.Request, visitor: Visitor) -> AccountPage:
    """Return what an account's pages begin with. Raises HTTPNotFound for one that somebody may not see."""
    try:
        return await site.desk.showing.account(visitor.who, request.match_info["account"])
    except Refused as refused:
        raise web.HTTPNotFound from refused


def _one_of(values: Iterable[E], word: str | None) -> E | None:
    """Return what a query names; what makes no sense in it stands for everything."""
    return next((one for one in values if one.value == word), None)


def number_of(text: str | None) -> int | None:
    """Return a number as it stands in a query; what makes no sense is none."""
    sensible = text is not None and text.isdecimal() and len(text) < 16  # noqa: PLR2004 - SQLite's are longer
    return int(text) if sensible and text is not None else None
