"""What stands before every page: its address, who asks, whether they may, and what they are told when it fails."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from calsync.desk import secret_ids
from calsync.desk.refused import Refused
from calsync.errors import CalsyncError, reason
from calsync.people import Role
from calsync.values import replace
from calsync.web import cookies
from calsync.web.doorbells import read_whole
from calsync.web.events import TooManyStreams
from calsync.web.security import TRANSPORT, carries_token, is_own
from calsync.web.texts import LANGUAGES, Texts, load, negotiated
from calsync.web.throttle import TooMany
from calsync.web.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp.typedefs import Handler

    from calsync.desk import Access
    from calsync.web.origins import Origin, Origins

    Page = Callable[[web.Request, Visitor], Awaitable[web.StreamResponse]]
    Problem = Callable[[Visitor, int, str], web.Response]

SAFE = frozenset({"GET", "HEAD"})
TOKEN_FIELD = "csrf"  # noqa: S105 - a name
TOKEN_HEADER = "X-CSRF-Token"  # noqa: S105 - a name
UNUSED = "/events"
"""What pages ask for by themselves does not show that somebody is there."""
log = logging.getLogger("calsync.web")


class SignInNeeded(Exception):  # noqa: N818 - errors are named as outcomes
    """Nobody has signed in, or no longer."""


class Stale(web.HTTPForbidden):
    """What was sent is not of a page of ours that this visitor has now."""


class Guard:
    """Makes pages into handlers."""

    def __init__(self, access: Access, origins: Origins, problem: Problem) -> None:
        """`problem` writes the page that says what went wrong."""
        self._access = access
        self._origins = origins
        self._problem = problem

    def around(self, page: Page, role: Role | None) -> Handler:
        """Return what answers requests for a page that only people with a role may see; None: everybody."""

        async def answer(request: web.Request) -> web.StreamResponse:
            origin = self._origins.of(request.host)
            if origin is None:
                return web.Response(status=421, text="calsync is not at this address\n")
            visitor = _stranger(request, origin)
            try:
                visitor = await self._known(request, visitor)
                _expect_role(visitor, role)
                if request.method not in SAFE:
                    await _expect_own(request, visitor)
                response = await page(request, visitor)
            except SignInNeeded:
                response = _to_sign_in(request, visitor)
            except Exception as error:  # noqa: BLE001 - a bug in one page must not end the service
                response = self._problem(visitor, *_problem(visitor, error))
            if not response.prepared:
                _finish(visitor, response)
            return response

        return answer

    async def _known(self, request: web.Request, visitor: Visitor) -> Visitor:
        """Return the visitor as the person whose session it is."""
        session = cookies.read(request, visitor.origin, cookies.SESSION)
        if session is None:
            return visitor
        person = await self._access.by_session(session, used=request.path != UNUSED)
        return visitor if person is None else replace(visitor, person=person, session=session, fresh=False)


async def form_of(request: web.Request) -> dict[str, str]:
    """Return the fields of a form. Raises an HTTPException for one that does not arrive whole, or is none."""
    await read_whole(request)
    try:
        fields = await request.post()
    except web.HTTPException:
        raise
    except Exception as error:  # it is made of nothing but what was sent, and raises what it comes upon
        raise web.HTTPBadRequest from error
    return {name: value for name, value in fields.items() if isinstance(value, str)}


def _problem(visitor: Visitor, error: Exception) -> tuple[int, str]:
    """Return the status and the sentence that a visitor is told; the log is told the rest."""
    if isinstance(error, Refused):
        return 400, visitor.texts(f"refused.{error.word}")
    status = 500
    if isinstance(error, web.HTTPException):
        status = error.status
    elif isinstance(error, TooMany | TooManyStreams):
        status = 429
    elif isinstance(error, CalsyncError):
        status = 503
    if status >= 500:  # noqa: PLR2004 - not the visitor's doing
        log.warning("a page could not be shown: %s", reason(error))
    key = "problem.stale" if isinstance(error, Stale) else f"problem.{status}"
    return status, visitor.texts(key if key in load(visitor.texts.language) else "problem.400")


def _stranger(request: web.Request, origin: Origin) -> Visitor:
    chosen = cookies.read(request, origin, cookies.LANGUAGE)
    spoken = next((one for one in LANGUAGES if one == chosen), None)
    language = spoken or negotiated(request.headers.get("Accept-Language", ""))
    visit = cookies.read(request, origin, cookies.VISIT)
    part = "HX-Request" in request.headers  # perhaps of the page before: what is said once awaits the next one
    notice = None if part else cookies.read(request, origin, cookies.NOTICE)
    return Visitor(
        person=None,
        session=visit or secret_ids.fresh(),
        fresh=visit is None,
        texts=Texts(language),
        origin=origin,
        path=request.path_qs,
        page=request.path_qs if request.method in SAFE else "/",
        notice=notice if notice in load(language) else None,
    )


def _expect_role(visitor: Visitor, role: Role | None) -> None:
    if role is None:
        return
    if visitor.person is None:
        raise SignInNeeded
    if role is Role.ADMINISTRATOR and not visitor.administrator:
        raise web.HTTPForbidden


async def _expect_own(request: web.Request, visitor: Visitor) -> None:
    """Raise Stale for what one of our own pages, made for this visitor, did not send."""
    if not is_own(request.headers, visitor.origin):
        raise Stale
    given = request.headers.get(TOKEN_HEADER) or (await form_of(request)).get(TOKEN_FIELD)
    if not carries_token(given, visitor):
        raise Stale


def _to_sign_in(request: web.Request, visitor: Visitor) -> web.Response:
    place = visitor.href("/sign-in")
    if "HX-Request" in request.headers:  # a part of a page: the whole browser is to go
        return web.Response(status=401, headers={"HX-Redirect": place})
    if request.path == UNUSED:
        return web.Response(status=401)
    wanted = visitor.path if request.method in SAFE else "/"
    return web.Response(status=303, headers={"Location": f"{place}?next={quote(wanted, safe='')}"})


def _finish(visitor: Visitor, response: web.StreamResponse) -> None:
    if visitor.fresh and response.content_type == "text/html":
        cookies.put(response, visitor.origin, cookies.VISIT, visitor.session)
    if visitor.notice is not None and response.status < 300:  # noqa: PLR2004 - it was shown
        cookies.drop(response, visitor.origin, cookies.NOTICE)
    if visitor.origin.secure:
        response.headers["Strict-Transport-Security"] = TRANSPORT
