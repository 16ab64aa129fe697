"""How an account leaves: what that would do is shown first, and done once somebody has confirmed it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from calsync.desk.departing import departing
from calsync.sync.model import Side
from calsync.web.guard import form_of
from calsync.web.pages.account import ACCOUNT, account_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.desk.departing import Departing
    from calsync.people import Person
    from calsync.web.site import Site
    from calsync.web.visitor import Visitor

NONE = "none"


def add_to(site: Site) -> None:
    """Add the page."""
    pages = _Leaving(site)
    site.add("GET", f"{ACCOUNT}/leave", pages.show)
    site.add("POST", f"{ACCOUNT}/leave", pages.look)
    site.add("POST", f"{ACCOUNT}/leave/confirm", pages.confirm)


class _Leaving:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._steering = site.desk.steering

    async def show(self, request: web.Request, visitor: Visitor) -> web.Response:
        page = await account_page(self._site, request, visitor)
        works, account = self._site.works, page.row.account
        return self._site.page(
            visitor,
            "account_leave.html",
            page=page,
            sides=[side for side in Side if page.row.direction.writes(side)],
            work=works.of(f"leave {account}"),
            left=works.of(f"left {account}"),
        )

    async def look(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Begin to find out what leaving would do: both servers are asked."""
        page = await account_page(self._site, request, visitor)
        account, remove = page.row.account, _side(await form_of(request))
        self._site.works.forget(f"left {account}")
        work = partial(self._leave, visitor.who, account, remove, None)
        self._site.works.begin(f"leave {account}", account, work)
        return self._site.go(visitor, f"/accounts/{account}/leave")

    async def confirm(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Begin to do what was shown."""
        page = await account_page(self._site, request, visitor)
        account, form = page.row.account, await form_of(request)
        work = partial(self._left, visitor.who, account, _side(form), form.get("hash", ""))
        self._site.works.begin(f"left {account}", account, work)
        return self._site.go(visitor, f"/accounts/{account}/leave")

    async def _leave(self, person: Person, account: str, remove: Side | None, plan_hash: str | None) -> Departing:
        return departing(await self._steering.leave(person, account, remove, plan_hash), remove)

    async def _left(self, person: Person, account: str, remove: Side | None, plan_hash: str) -> Departing:
        found = await self._leave(person, account, remove, plan_hash)
        self._site.works.forget(f"leave {account}")
        return found


def _side(form: Mapping[str, str]) -> Side | None:
    """Return the side whose copies are to be removed. Raises HTTPBadRequest."""
    word = form.get("remove")
    if word not in {NONE, *(side.value for side in Side)}:
        raise web.HTTPBadRequest
    return None if word == NONE else Side(word)
