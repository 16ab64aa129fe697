"""The connections, for administrators: their checks, and signing in to them."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from calsync.errors import CalsyncError, Retry, reason
from calsync.people import Role
from calsync.web import flows
from calsync.web.guard import form_of
from calsync.web.pages.providers import called
from calsync.web.visitor import within

if TYPE_CHECKING:
    from calsync.web.site import Site
    from calsync.web.visitor import Visitor

CONNECTION = "/connections/{connection}"
BACK = "/connections/-/signed-in"
"""Where Microsoft sends the browser; it is written into the app registration."""
log = logging.getLogger("calsync.web")


def add_to(site: Site) -> None:
    """Add the pages."""
    pages = _Connections(site)
    site.add("GET", "/connections", pages.show, Role.ADMINISTRATOR)
    site.add("POST", f"{CONNECTION}/check", pages.check, Role.ADMINISTRATOR)
    site.add("POST", f"{CONNECTION}/try", pages.try_again, Role.ADMINISTRATOR)
    site.add("GET", f"{CONNECTION}/sign-in", pages.sign_in, Role.ADMINISTRATOR)
    site.add("GET", BACK, pages.signed_in, Role.ADMINISTRATOR)
    site.add("GET", "/connections/-/export", pages.export, Role.ADMINISTRATOR)


class _Connections:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._showing = site.desk.showing

    async def show(self, _request: web.Request, visitor: Visitor) -> web.Response:
        rows = self._showing.connections(visitor.who)
        return self._site.page(
            visitor,
            "connections.html",
            rows=rows,
            called={row.system.connection: called(visitor, row.system.provider) for row in rows},
            disabled=self._showing.disabled(visitor.who),
            back=_back(visitor),
            works={row.system.connection: self._site.works.of(key_of(row.system.connection)) for row in rows},
        )

    async def check(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Begin to check: the connection's servers are asked."""
        name = self._known(request, visitor)
        begin_check(self._site, name)
        return self._site.go(visitor, within((await form_of(request)).get("next", f"/connections#{name}")))

    async def try_again(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Run all accounts of a connection soon."""
        await self._site.desk.steering.sync_connection(visitor.who, self._known(request, visitor))
        return self._site.go(visitor, "/repairs", "repairs.tried")

    async def sign_in(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Send the browser away to sign in to a connection."""
        name = self._known(request, visitor)
        try:
            begun = await self._site.desk.setup(visitor.who).begin_sign_in(name, _back(visitor))
        except CalsyncError as error:
            return self._failed(visitor, error)
        response = web.Response(status=303, headers={"Location": begun.address})
        flows.keep(response, visitor, {"flow": begun.flow, "connection": name})
        return response

    async def signed_in(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Keep the sign-in of who comes back."""
        kept = flows.kept_by(request, visitor)
        name = kept.get("connection")
        if not isinstance(name, str):
            raise web.HTTPBadRequest
        try:
            await self._site.desk.setup(visitor.who).finish_sign_in(name, kept["flow"], request.query)
            begin_check(self._site, name)
            response = self._site.go(visitor, f"/connections#{name}", "connections.signed_in")
        except CalsyncError as error:
            response = self._failed(visitor, error)
        flows.forget(response, visitor)
        return response

    async def export(self, _request: web.Request, visitor: Visitor) -> web.Response:
        """Hand out the second file as YAML; secrets are named, not told."""
        text = await self._site.desk.setup(visitor.who).export()
        headers = {"Content-Disposition": 'attachment; filename="calsync-pages.yaml"'}
        return web.Response(text=text, content_type="application/yaml", headers=headers)

    def _known(self, request: web.Request, visitor: Visitor) -> str:
        """Return the connection's name. Raises HTTPNotFound for an unknown one."""
        name = request.match_info["connection"]
        if all(name != row.system.connection for row in self._showing.connections(visitor.who)):
            raise web.HTTPNotFound
        return name

    def _failed(self, visitor: Visitor, error: CalsyncError) -> web.Response:
        log.warning("a sign-in to a connection failed: %s", reason(error))
        busy = isinstance(error, Retry)
        return self._site.page(
            visitor, "connections_failed.html", status=503 if busy else 400, busy=busy, detail=str(error)
        )


def key_of(connection: str) -> str:
    """Return what the check of a connection is called among what pages have begun."""
    return f"check {connection}"


def begin_check(site: Site, connection: str) -> None:
    """Begin to check a connection; the page shows what is found once it is."""
    check = partial(site.desk.checks.of, connection, anew=True)
    site.works.begin(key_of(connection), f"connection:{connection}", check)


def _back(visitor: Visitor) -> str:
    return f"{visitor.origin.url}{visitor.href(BACK)}"
