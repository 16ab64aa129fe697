"""All accounts, for administrators: searched, filtered, sorted, and switched together."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from calsync.desk.overview import STATES, Order, Wanted
from calsync.people import Role
from calsync.values import replace
from calsync.web.guard import form_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from calsync.web.site import Site
    from calsync.web.visitor import Visitor

ROWS = 50
"""Accounts on one page."""


def add_to(site: Site) -> None:
    """Add the pages."""
    pages = _Accounts(site)
    site.add("GET", "/accounts", pages.show, Role.ADMINISTRATOR)
    site.add("GET", "/accounts/-/switch", pages.ask, Role.ADMINISTRATOR)
    site.add("POST", "/accounts/-/switch", pages.switch, Role.ADMINISTRATOR)


class _Accounts:
    def __init__(self, site: Site) -> None:
        self._site = site

    async def show(self, request: web.Request, visitor: Visitor) -> web.Response:
        return await self._list(visitor, _wanted(request.query))

    async def ask(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Ask whether so many accounts are to be switched, and name them: only those are."""
        query = request.query
        on, wanted = query.get("on") == "1", _wanted(query)
        names = query.getall("account", [])
        if query.get("every"):
            every = replace(wanted, offset=0, most=None)
            names = [row.account for row in (await self._site.desk.showing.overview(visitor.who, every)).rows]
        if not names:
            return await self._list(visitor, wanted, problem="accounts.none_chosen")
        whose = await self._site.desk.showing.whose(visitor.who, names)
        back = _path(wanted)
        return self._site.page(visitor, "accounts_switch.html", names=names, whose=whose, on=on, back=back)

    async def switch(self, request: web.Request, visitor: Visitor) -> web.Response:
        form = await form_of(request)
        names, on = [str(name) for name in (await request.post()).getall("account", [])], form.get("on") == "1"
        await self._site.desk.steering.switch_all(visitor.who, names, on=on)
        return self._site.go(visitor, "/accounts", "accounts.switched_on" if on else "accounts.switched_off")

    async def _list(self, visitor: Visitor, wanted: Wanted, problem: str | None = None) -> web.Response:
        found = await self._site.desk.showing.overview(visitor.who, wanted)
        return self._site.page(
            visitor,
            "accounts.html",
            status=200 if problem is None else 400,
            found=found,
            whose=await self._site.desk.showing.whose(visitor.who, [row.account for row in found.rows]),
            wanted=wanted,
            every=sum(found.states.values()),
            states=[state for state in STATES if found.states.get(state)],
            link=lambda **changes: _path(replace(wanted, offset=0, **changes)),
            before=_path(replace(wanted, offset=max(0, wanted.offset - ROWS))) if wanted.offset else None,
            after=_path(replace(wanted, offset=wanted.offset + ROWS))
            if wanted.offset + ROWS < found.total
            else None,
            here=_path(wanted),
            fields=_fields(wanted),
            problem=problem,
        )


def _wanted(query: Mapping[str, str]) -> Wanted:
    """Return what a query looks for; what makes no sense in it looks for nothing."""
    order, offset = query.get("order", ""), query.get("offset", "")
    return Wanted(
        search=query.get("search", "").strip()[:100],
        states=frozenset(state for state in STATES if state.value == query.get("state")),
        problems=query.get("problems") == "1",
        order=Order(order) if order in set(Order) else Order.PROBLEMS,
        reverse=query.get("reverse") == "1",
        offset=int(offset) if offset.isdecimal() and len(offset) < 9 else 0,  # noqa: PLR2004 - no such page
        most=ROWS,
    )


def _fields(wanted: Wanted) -> dict[str, str]:
    """Return the query that looks for the same."""
    (state,) = wanted.states or (None,)
    fields = {
        "search": wanted.search,
        "state": "" if state is None else state.value,
        "problems": "1" if wanted.problems else "",
        "order": "" if wanted.order is Order.PROBLEMS else wanted.order.value,
        "reverse": "1" if wanted.reverse else "",
        "offset": str(wanted.offset) if wanted.offset else "",
    }
    return {name: value for name, value in fields.items() if value}


def _path(wanted: Wanted) -> str:
    query = urlencode(_fields(wanted))
    return f"/accounts?{query}" if query else "/accounts"
