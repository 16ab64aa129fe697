"""Signing in, with a password or a Microsoft account, and out."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from aiohttp import web

from calsync.desk.refused import Refused
from calsync.desk.seldom import Seldom
from calsync.errors import LoginError, Retry, reason
from calsync.web import cookies, flows
from calsync.web.guard import form_of
from calsync.web.throttle import TooMany
from calsync.web.visitor import within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from ipaddress import IPv4Network, IPv6Network

    from calsync.people import Person
    from calsync.signin import CodeFlow, Identity
    from calsync.web.site import Site
    from calsync.web.visitor import Visitor

BACK = "/sign-in/microsoft/back"
"""Where Microsoft sends the browser; it is written into the app registration."""
OK = "ok"
WRONG_PASSWORD = "wrong_password"  # noqa: S105 - a word of the figures
NOT_INVITED = "not_invited"
"""Microsoft says who it is, and it is nobody who was invited."""
FAILED = "failed"
"""Microsoft, or what lies between, let nobody in."""
TOO_MANY = "too_many"
"""A sender tries more at once than a person would."""
log = logging.getLogger("calsync.web")


def add_to(site: Site) -> None:
    """Add the pages."""
    pages = _SignIn(site)
    site.add("GET", "/sign-in", pages.show, None)
    site.add("POST", "/sign-in", pages.by_password, None)
    site.add("POST", "/sign-out", pages.out, None)
    site.add("GET", "/sign-in/microsoft", pages.to_microsoft, None)
    site.add("GET", BACK, pages.from_microsoft, None)
    site.add("GET", "/invitation/{secret}/microsoft", pages.to_microsoft, None)


class _SignIn:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._seldom = Seldom(site.clock)

    async def show(self, request: web.Request, visitor: Visitor) -> web.Response:
        path = within(request.query.get("next", "/"))
        if visitor.person is not None:
            return self._site.go(visitor, path)
        return self._page(visitor, path)

    async def by_password(self, request: web.Request, visitor: Visitor) -> web.Response:
        form, address = await form_of(request), sender(request, self._site.proxy)
        name, path = form.get("name", ""), within(form.get("next", "/"))
        throttle = self._site.throttle
        async with self._attempt(name, address):
            person = await self._site.desk.access.by_password(name, form.get("password", ""))
            if person is None:
                throttle.failed(name, address)
                self._site.signed_in(WRONG_PASSWORD)
                return self._page(visitor, path, name=name, problem="sign_in.wrong", status=403)
            throttle.succeeded(name)
        self._site.signed_in(OK)
        return await self._site.begin_session(visitor, person, path)

    async def out(self, _request: web.Request, visitor: Visitor) -> web.Response:
        if visitor.person is not None:
            await self._site.desk.access.end_session(visitor.session)
        response = self._site.go(visitor, "/sign-in", "sign_in.signed_out")
        cookies.drop(response, visitor.origin, cookies.SESSION)
        return response

    async def to_microsoft(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Send the browser to Microsoft, to sign in or to use an invitation."""
        try:
            begun = await self._microsoft().begin(_back(visitor))
        except (LoginError, Retry) as error:
            return self._failed(visitor, error)
        kept = {
            "flow": begun.flow,
            "next": within(request.query.get("next", "/")),
            "invitation": request.match_info.get("secret"),
        }
        response = web.Response(status=303, headers={"Location": begun.address})
        flows.keep(response, visitor, kept)
        return response

    async def from_microsoft(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Let in whom Microsoft says it is. What was begun is used up, whatever comes of it."""
        kept = flows.kept_by(request, visitor)
        try:
            async with self._attempt("", sender(request, self._site.proxy)):
                identity = await self._microsoft().finish(kept.get("flow") or {}, request.query)
            response = await self._let_in(visitor, identity, kept)
        except (LoginError, Retry) as error:
            self._site.signed_in(FAILED)
            response = self._failed(visitor, error, begun=bool(kept))
        except Refused as refused:
            self._site.signed_in(NOT_INVITED)
            response = self._page(visitor, "/", problem=f"refused.{refused.word}", status=403)
        flows.forget(response, visitor)
        return response

    async def _let_in(self, visitor: Visitor, identity: Identity, kept: Mapping[str, Any]) -> web.Response:
        person = await self._person(identity, kept.get("invitation"))
        if person is None:
            level = self._seldom.level(NOT_INVITED)
            log.log(level, "a sign-in failed: nobody was invited with this Microsoft account")
            self._site.signed_in(NOT_INVITED)
            return self._page(visitor, "/", problem="sign_in.unknown", status=403)
        self._site.signed_in(OK)
        return await self._site.begin_session(visitor, person, within(str(kept.get("next", "/"))))

    async def _person(self, identity: Identity, invitation: Any) -> Person | None:
        access = self._site.desk.access
        if isinstance(invitation, str):
            return await access.accept_with_microsoft(invitation, identity.tenant_id, identity.object_id)
        return await access.by_microsoft(identity.tenant_id, identity.object_id)

    def _microsoft(self) -> CodeFlow:
        if self._site.microsoft is None:
            raise web.HTTPNotFound
        return self._site.microsoft

    @asynccontextmanager
    async def _attempt(self, name: str, address: str) -> AsyncIterator[None]:
        """Let a sign-in wait as long as it must. Raises TooMany."""
        try:
            async with self._site.throttle.attempt(name, address):
                yield
        except TooMany:
            self._site.signed_in(TOO_MANY)
            raise

    def _failed(self, visitor: Visitor, error: LoginError | Retry, *, begun: bool = True) -> web.Response:
        """Show that it failed. What was never begun here tells nobody anything: anybody can come back so."""
        level = self._seldom.level(FAILED) if begun else logging.DEBUG
        log.log(level, "a sign-in with a Microsoft account failed: %s", reason(error))
        busy = isinstance(error, Retry)
        problem = "sign_in.microsoft_busy" if busy else "sign_in.microsoft_refused"
        return self._page(visitor, "/", problem=problem, status=503 if busy else 403)

    def _page(
        self, visitor: Visitor, path: str, *, name: str = "", problem: str | None = None, status: int = 200
    ) -> web.Response:
        return self._site.page(visitor, "sign_in.html", status=status, next=path, name=name, problem=problem)


def sender(request: web.Request, proxy: IPv4Network | IPv6Network | None) -> str:
    """Return who sent a request: the last one whom the trusted proxy names, else who is connected."""
    peer = request.remote or ""
    named = request.headers.getall("X-Forwarded-For", [""])[-1].rpartition(",")[2].strip()
    try:
        trusted = proxy is not None and ip_address(peer) in proxy
        return str(ip_address(named)) if trusted and named else peer
    except ValueError:
        return peer


def _back(visitor: Visitor) -> str:
    return f"{visitor.origin.url}{visitor.href(BACK)}"
