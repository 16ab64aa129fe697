"""Connecting the own mailbox, and signing in to it again."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from aiohttp import web

from calsync.desk.invalid import MISSING, Invalid
from calsync.desk.refused import Refused
from calsync.errors import AccountError, CalsyncError, LoginError, Retry, reason
from calsync.sync.model import Direction
from calsync.web import flows
from calsync.web.guard import form_of
from calsync.web.pages.sign_in import sender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from calsync.desk.self_service import Offer
    from calsync.ports import NamedCalendar
    from calsync.web.site import Site
    from calsync.web.visitor import Visitor

BACK = "/own/back"
"""Where Microsoft sends the browser; it is written into the app registration."""
AGAIN = "/own/{account}/sign-in"
TIMEZONE = "Europe/Berlin"
"""What stands in the form where the browser does not say its own."""
TOLD = (Refused, LoginError, AccountError, Retry)
"""What the page itself says; anything else is told as a problem of calsync."""
log = logging.getLogger("calsync.web")


def add_to(site: Site) -> None:
    """Add the pages."""
    pages = _Own(site)
    site.add("GET", "/own", pages.show)
    site.add("POST", "/own", pages.by_password)
    site.add("GET", "/own/microsoft", pages.to_microsoft)
    site.add("GET", BACK, pages.from_microsoft)
    site.add("GET", "/own/calendar", pages.calendars)
    site.add("POST", "/own/calendar", pages.connect)
    site.add("GET", AGAIN, pages.show_again)
    site.add("POST", AGAIN, pages.change_password)
    site.add("GET", f"{AGAIN}/microsoft", pages.to_microsoft)


class _Own:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._own = site.desk.own
        self._again = site.desk.own_sign_ins

    async def show(self, _request: web.Request, visitor: Visitor) -> web.Response:
        try:
            return self._offer(visitor, await self._own.offer(visitor.who))
        except Refused:  # the start page says what is so instead
            return self._site.go(visitor, "/")

    async def show_again(self, request: web.Request, visitor: Visitor) -> web.Response:
        account = request.match_info["account"]
        return self._offer(visitor, await self._offered_again(visitor, account), account)

    async def by_password(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Sign in to the mailbox with what was filled in, and go on to its calendars."""
        form, offer = await form_of(request), await self._own.offer(visitor.who)
        fields = {one.key: form.get(one.key, "") for one in offer.fields}
        try:
            async with self._attempt(request, visitor):
                await self._own.sign_in(visitor.who, fields, form.get("mailbox", "").strip())
        except (*TOLD, Invalid) as error:
            return self._offer(visitor, offer, filled=form, error=error)
        return self._site.go(visitor, "/own/calendar")

    async def change_password(self, request: web.Request, visitor: Visitor) -> web.Response:
        form, account = await form_of(request), request.match_info["account"]
        offer = await self._offered_again(visitor, account)
        fields = {one.key: form.get(one.key, "") for one in offer.fields}
        try:
            async with self._attempt(request, visitor):
                await self._again.change_password(visitor.who, account, fields)
        except (*TOLD, Invalid) as error:
            return self._offer(visitor, offer, account, filled=form, error=error)
        return self._site.go(visitor, "/", "own.signed_in")

    async def to_microsoft(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Send the browser to Microsoft, to sign in to a new mailbox, or again to that of an account."""
        account, back = request.match_info.get("account"), f"{visitor.origin.url}{visitor.href(BACK)}"
        try:
            if account is None:
                begun = await self._own.begin_sign_in(visitor.who, back)
            else:
                begun = await self._again.begin(visitor.who, account, back)
        except TOLD as error:
            return await self._failed(visitor, account, error)
        response = web.Response(status=303, headers={"Location": begun.address})
        flows.keep(response, visitor, {"flow": begun.flow, "own": account or ""})
        return response

    async def from_microsoft(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Go on with who comes back. What was begun is used up, whatever comes of it."""
        kept = flows.kept_by(request, visitor)
        account = str(kept.get("own") or "") or None
        try:
            if "own" not in kept:
                raise Refused("sign_in_over")
            if account is None:
                await self._own.finish_sign_in(visitor.who, kept["flow"], request.query)
                response = self._site.go(visitor, "/own/calendar")
            else:
                await self._again.finish(visitor.who, account, kept["flow"], request.query)
                response = self._site.go(visitor, "/", "own.signed_in")
        except TOLD as error:
            response = await self._failed(visitor, account, error)
        flows.forget(response, visitor)
        return response

    async def calendars(self, _request: web.Request, visitor: Visitor) -> web.Response:
        try:
            return await self._pick(visitor, self._own.found(visitor.who))
        except Refused:
            return self._site.go(visitor, "/own")

    async def connect(self, request: web.Request, visitor: Visitor) -> web.Response:
        """Make the account of the calendar that was picked."""
        form, calendars = await form_of(request), self._own.found(visitor.who)
        direction = next((one for one in Direction if one.value == form.get("direction")), Direction.BOTH)
        try:
            await self._own.connect(
                visitor.who, form.get("calendar", ""), form.get("timezone", "").strip(), direction
            )
        except (*TOLD, Invalid) as error:
            return await self._pick(visitor, calendars, filled=form, error=error)
        return self._site.go(visitor, "/", "own.connected")

    async def _offered_again(self, visitor: Visitor, account: str) -> Offer:
        """Return how the owner signs in again. Raises HTTPNotFound where it is not the visitor's own mailbox."""
        try:
            return await self._again.offer(visitor.who, account)
        except Refused as refused:
            raise web.HTTPNotFound from refused

    async def _failed(self, visitor: Visitor, account: str | None, error: CalsyncError) -> web.Response:
        """Say on the page where it was begun why a sign-in by the browser came to nothing."""
        if account is None:
            return self._offer(visitor, await self._own.offer(visitor.who), error=error)
        return self._offer(visitor, await self._offered_again(visitor, account), account, error=error)

    def _offer(
        self,
        visitor: Visitor,
        offer: Offer,
        account: str | None = None,
        *,
        filled: Mapping[str, str] | None = None,
        error: CalsyncError | None = None,
    ) -> web.Response:
        """Return the page on which somebody signs in to the mailbox; `account`: to that of an account, again."""
        place = "/own" if account is None else AGAIN.format(account=account)
        return self._page(
            visitor,
            "own.html",
            offer.filled if filled is None else filled,
            error,
            by_browser=offer.by_browser,
            offer=offer,
            account=account,
            place=place,
            titles=self._site.desk.showing.titles(offer.left, offer.right),
        )

    async def _pick(
        self,
        visitor: Visitor,
        calendars: Sequence[NamedCalendar],
        *,
        filled: Mapping[str, str] | None = None,
        error: CalsyncError | None = None,
    ) -> web.Response:
        zones = sorted(one for one in available_timezones() if "/" in one and not one.startswith("Etc/"))
        writable = [one for one in calendars if one.writable]
        offer = await self._own.offer(visitor.who)
        return self._page(
            visitor,
            "own_calendar.html",
            filled,
            error,
            calendars=sorted(writable, key=lambda one: (not one.main, one.name.casefold())),
            read_only=[one.name for one in calendars if not one.writable],
            directions=list(Direction),
            zones=zones,
            timezone=TIMEZONE,
            titles=self._site.desk.showing.titles(offer.left, offer.right),
        )

    def _page(
        self,
        visitor: Visitor,
        template: str,
        filled: Mapping[str, str] | None,
        error: CalsyncError | None,
        *,
        by_browser: bool = False,
        **values: Any,
    ) -> web.Response:
        wrong = error.wrong if isinstance(error, Invalid) else {}
        return self._site.page(
            visitor,
            template,
            status=200 if error is None else 503 if isinstance(error, Retry) else 400,
            filled=filled or {},
            problem=None if error is None else _problem(error, by_browser=by_browser),
            wrong={key: "own.missing" if one == MISSING else "own.wrong" for key, one in wrong.items()},
            **values,
        )

    @asynccontextmanager
    async def _attempt(self, request: web.Request, visitor: Visitor) -> AsyncIterator[None]:
        """Let somebody try a password of a mailbox, the slower the more of them were wrong."""
        name, address = f"mailbox {visitor.who.id}", sender(request, self._site.proxy)
        async with self._site.throttle.attempt(name, address):
            try:
                yield
            except LoginError:
                self._site.throttle.failed(name, address)
                raise


def _problem(error: CalsyncError, *, by_browser: bool) -> str:
    """Return the key of what is said above the form."""
    if isinstance(error, Refused):
        return f"refused.{error.word}"
    if isinstance(error, Invalid):
        return "own.wrong"
    log.warning("an own mailbox could not be connected: %s", reason(error))
    if isinstance(error, Retry):
        return "own.busy"
    if not isinstance(error, LoginError):
        return "own.unusable"
    return "sign_in.microsoft_refused" if by_browser else "own.refused"
