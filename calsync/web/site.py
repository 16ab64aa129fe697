"""The pages: who may ask for which, and what each is written with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from calsync.desk.repair_groups import grouped
from calsync.people import Role
from calsync.values import replace
from calsync.web import cookies
from calsync.web.api import api_routes
from calsync.web.events import Broadcaster
from calsync.web.guard import UNUSED, Guard
from calsync.web.pages import (
    account,
    accounts,
    asking,
    audit,
    connections,
    events,
    explain,
    invitation,
    language,
    leaving,
    mine,
    own,
    people,
    plans,
    profile,
    repairs,
    setup_accounts,
    setup_connections,
    sign_in,
    start,
    steering,
    undo,
)
from calsync.web.rendering import Templates
from calsync.web.static_files import StaticFiles
from calsync.web.throttle import Throttle
from calsync.web.works import Works

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from ipaddress import IPv4Network, IPv6Network

    from calsync.desk import Desk
    from calsync.people import Person
    from calsync.ports import Clock
    from calsync.signin import CodeFlow
    from calsync.web.guard import Page
    from calsync.web.origins import Origins
    from calsync.web.visitor import Visitor

NAVIGATION = (
    ("/", "nav.mine"),
    ("/accounts", "nav.accounts"),
    ("/connections", "nav.connections"),
    ("/repairs", "nav.repairs"),
    ("/people", "nav.people"),
)
"""Where the pages' navigation leads, and the key of each one's name. What is not there, or not for a visitor, is
left out."""


class Site:
    """Pages are added by `add`; each is a function of a request and its visitor, and answers by `page` or `go`."""

    def __init__(
        self,
        desk: Desk,
        clock: Clock,
        origins: Origins,
        *,
        microsoft: CodeFlow | None = None,
        proxy: IPv4Network | IPv6Network | None = None,
        signed_in: Callable[[str], None],
    ) -> None:
        """`microsoft`: how people sign in with their Microsoft account; `proxy`: who is believed about senders.

        `signed_in` is told what came of every try to sign in, in one word of calsync.web.pages.sign_in.
        """
        self.desk = desk
        self.clock = clock
        self.microsoft = microsoft
        self.proxy = proxy
        self.signed_in = signed_in
        self.throttle = Throttle(clock)
        self.broadcaster = Broadcaster()
        self.works = Works(clock, self.broadcaster.tell)
        self._files = StaticFiles()
        self._templates = Templates(clock, self._files)
        self._guard = Guard(desk.access, origins, self._problem)
        self._api = api_routes(self, origins)
        self._routes: list[web.AbstractRouteDef] = []
        self._roles: dict[str, Role | None] = {}
        for part in (
            *(mine, own, accounts, setup_accounts, account, explain, steering, plans, undo, leaving, connections),
            *(setup_connections, repairs),
            *(asking, people, audit, profile, sign_in, invitation, language, events, start),
        ):
            part.add_to(self)

    def add(self, method: str, path: str, page: Page, role: Role | None = Role.USER) -> None:
        """Add a page. Administrators may do what users may; `role` None: everybody, also who has not signed in."""
        if method == "GET":
            self._roles[path] = role
        shown = self._with_repairs(page) if method == "GET" else page
        self._routes.append(web.route(method, path, self._guard.around(shown, role)))

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """Return the routes of all pages, of the API, and of one that says that there is no such page."""
        nothing = web.route("*", "/{path:.*}", self._guard.around(_nothing, None))
        return [*self._files.routes(), *self._api, *self._routes, nothing]

    def page(self, visitor: Visitor, template: str, *, status: int = 200, **values: Any) -> web.Response:
        """Answer with a page, written with what calsync.web.rendering gives every template, and with `values`."""
        text = self._templates.render(
            template, visitor, self._navigation(visitor), {"microsoft": self.microsoft is not None, **values}
        )
        return web.Response(text=text, content_type="text/html", status=status)

    def go(self, visitor: Visitor, path: str, notice: str | None = None) -> web.Response:
        """Answer by sending the browser to another page. `notice`: the key of what is said there once."""
        response = web.Response(status=303, headers={"Location": visitor.href(path)})
        if notice is not None:
            cookies.put(response, visitor.origin, cookies.NOTICE, notice, 60)
        return response

    async def begin_session(self, visitor: Visitor, person: Person, path: str) -> web.Response:
        """Sign somebody in, under an id that nobody knew before, and go to a page."""
        if visitor.person is not None:
            await self.desk.access.end_session(visitor.session)
        response = self.go(visitor, path)
        cookies.put(response, visitor.origin, cookies.SESSION, await self.desk.access.begin_session(person))
        cookies.drop(response, visitor.origin, cookies.VISIT)
        return response

    async def live(self, changes: AsyncIterator[frozenset[str]]) -> None:
        """Keep open pages up to date, as long as `changes` yields names of accounts."""
        await self.broadcaster.run(changes)

    def end(self) -> None:
        """Let streams, and what pages have begun, end. The service stops."""
        self.broadcaster.end()
        self.works.end()

    def _with_repairs(self, page: Page) -> Page:
        """Return a page whose navigation tells how many things somebody should look at."""

        async def answer(request: web.Request, visitor: Visitor) -> web.StreamResponse:
            if visitor.person is not None and request.path != UNUSED:
                cards = await self.desk.showing.repairs(visitor.person)
                visitor = replace(visitor, repairs=len(grouped(cards)))
            return await page(request, visitor)

        return answer

    def _navigation(self, visitor: Visitor) -> list[tuple[str, str]]:
        if visitor.person is None:
            return []
        return [(path, key) for path, key in NAVIGATION if path in self._roles and self._may(visitor, path)]

    def _may(self, visitor: Visitor, path: str) -> bool:
        return visitor.administrator or self._roles[path] is not Role.ADMINISTRATOR

    def _problem(self, visitor: Visitor, status: int, text: str) -> web.Response:
        return self.page(visitor, "problem.html", status=status, code=status, text=text)


async def _nothing(_request: web.Request, _visitor: Visitor) -> web.Response:
    raise web.HTTPNotFound
