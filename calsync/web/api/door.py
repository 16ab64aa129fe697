"""What stands before every request of the API: its address, its token, how often, and what is told when it fails.

A session of the pages counts for nothing here, so no page of another site can have a browser ask anything.
"""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from calsync.desk.access import API_TOKEN
from calsync.desk.invalid import Invalid
from calsync.desk.refused import Refused
from calsync.errors import CalsyncError, reason
from calsync.people import Role
from calsync.web.api.openapi import described
from calsync.web.api.problems import Failed, too_many, unauthorized
from calsync.web.api.rates import PER_MINUTE, STRANGERS, Rates
from calsync.web.api.reading import body_of, path_of, query_of
from calsync.web.api.route import Asked
from calsync.web.pages.sign_in import sender

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp.typedefs import Handler

    from calsync.people import Person
    from calsync.web.api.route import Route
    from calsync.web.origins import Origins
    from calsync.web.site import Site

PATIENCE = 60.0
"""Seconds within which a request is answered: some ask a server of another company."""
UNKNOWN = {"account_unknown", "person_unknown"}
"""What Refused says of what is not there, or is none of the asker's business."""
log = logging.getLogger("calsync.web")


class Door:
    """Makes routes into handlers."""

    def __init__(self, site: Site, origins: Origins) -> None:
        self._site = site
        self._origins = origins
        self._rates = Rates(site.clock, PER_MINUTE)
        self._strangers = Rates(site.clock, STRANGERS)

    def around(self, route: Route) -> Handler:
        """Return what answers requests of a route."""

        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                return await self._answered(route, request)
            except Exception as error:  # noqa: BLE001 - a bug in one route must not end the service
                return _failed(error).response()

        return answer

    def refusing(
        self, status: HTTPStatus, word: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> Handler:
        """Return what answers requests that no route is for."""

        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                self._address(request)
            except Failed as failed:
                return failed.response()
            return Failed(status, word, detail, headers=headers).response()

        return answer

    def described(self, routes: Sequence[Route], base: str) -> Handler:
        """Return what answers the document. Everybody may read it: it says nothing about this calsync."""
        written: dict[str, bytes] = {}
        """By the address that it tells: to write it takes long, and nobody is kept from asking."""

        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                address = f"{self._address(request)}{base}"
            except Failed as failed:
                return failed.response()
            if address not in written:
                written[address] = msgspec.json.encode(described(routes, address))
            return web.Response(body=written[address], content_type="application/json")

        return answer

    async def _answered(self, route: Route, request: web.Request) -> web.Response:
        address = self._address(request)
        who = await self._person(request)
        if route.role is Role.ADMINISTRATOR and not who.administrator:
            raise Failed(HTTPStatus.FORBIDDEN, "administrators_only", "only administrators may do this")
        asked = Asked(
            who=who,
            path=path_of(route, request.match_info),
            query=query_of(route.query, request),
            body=await body_of(route.body, request),
            address=address,
        )
        async with asyncio.timeout(route.patience or PATIENCE):
            answer = await route.handler(self._site.desk, asked)
        if answer is None:
            return web.Response(status=HTTPStatus.NO_CONTENT)
        return web.Response(body=msgspec.json.encode(answer), status=route.status, content_type="application/json")

    def _address(self, request: web.Request) -> str:
        origin = self._origins.of(request.host)
        if origin is None:
            raise Failed(HTTPStatus.MISDIRECTED_REQUEST, "elsewhere", "calsync is not at this address")
        return f"{origin.url}{origin.base}"

    async def _person(self, request: web.Request) -> Person:
        """Return whose token is shown. Raises Failed, also for whoever asks too often."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        token = token.strip()
        person = None
        if scheme.lower() == "bearer" and token.startswith(API_TOKEN):
            person = await self._site.desk.access.by_api_token(token)
        if person is None:
            wait = self._strangers.take(sender(request, self._site.proxy))
            raise too_many(wait) if wait else unauthorized()
        wait = self._rates.take(str(person.id))
        if wait:
            raise too_many(wait)
        return person


def _failed(error: Exception) -> Failed:
    """Return what is answered; the log is told what the asker is not."""
    match error:
        case Failed():
            return error
        case Refused() if error.word in UNKNOWN:
            return Failed(HTTPStatus.NOT_FOUND, error.word, str(error))
        case Refused(word="administrators_only"):
            return Failed(HTTPStatus.FORBIDDEN, error.word, str(error))
        case Refused():
            return Failed(HTTPStatus.CONFLICT, error.word, str(error))
        case Invalid() if any(one.word == "kept_no_more" for one in error.wrong.values()):
            return Failed(HTTPStatus.NOT_FOUND, "not_kept", str(error))
        case Invalid():
            return Failed(HTTPStatus.CONFLICT, "invalid", str(error), error.keys)
        case TimeoutError():
            return Failed(HTTPStatus.SERVICE_UNAVAILABLE, "slow", "that took too long; ask again later")
    log.warning("a request of the API was not answered: %s", reason(error))
    if isinstance(error, CalsyncError):
        detail = "calsync cannot do that now; its log says why, or ask for the repairs"
        return Failed(HTTPStatus.SERVICE_UNAVAILABLE, "not_now", detail)
    detail = "calsync has made a mistake; its log tells it"
    return Failed(HTTPStatus.INTERNAL_SERVER_ERROR, "mistake", detail)
