"""Where servers ring: `POST /doorbells/CONNECTION`.

Everybody can reach it. So a call is small, costs nothing but a glance, and what is answered is plain text at most;
whether it means anything is its provider's to say, and then it wakes a run, which trusts nothing of it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from calsync.errors import reason
from calsync.ports import Call, Doorbells

if TYPE_CHECKING:
    from collections.abc import Callable

    Hear = Callable[[Call], str | None]

MAX_CALL_BYTES = 1024 * 1024
MAX_TEXT = 4096
"""Characters that a call may have answered."""
PATIENCE = 10.0
"""Seconds within which a call has to come in whole."""
log = logging.getLogger("calsync.web")


class Endpoint:
    """The addresses of all connections below one public address."""

    def __init__(self, public_url: str) -> None:
        """`public_url`: without a slash at its end; what is asked below it arrives here without its path."""
        self._public_url = public_url
        self._heard: dict[str, Hear] = {}

    def of(self, connection: str) -> Doorbells:
        """Return what a connection is lent."""
        return _Doorbells(f"{self._public_url}/doorbells/{quote(connection)}", connection, self._heard)

    def forget(self, connection: str) -> None:
        """Hear nobody any more who calls a connection."""
        self._heard.pop(connection, None)

    def application(self) -> web.Application:
        """Return what answers the calls."""
        application = web.Application(client_max_size=MAX_CALL_BYTES)
        application.router.add_post("/doorbells/{connection}", self._answer)
        application.on_response_prepare.append(_harden)
        return application

    async def _answer(self, request: web.Request) -> web.Response:
        hear = self._heard.get(request.match_info["connection"])
        if hear is None:
            raise web.HTTPNotFound
        try:
            async with asyncio.timeout(PATIENCE):
                body = await request.read()
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        except web.RequestPayloadError:  # cut off, or not packed as it says
            raise web.HTTPBadRequest from None
        return _answered(hear, Call(dict(request.query), request.content_type, body))


class _Doorbells(Doorbells):
    def __init__(self, address: str, connection: str, heard: dict[str, Hear]) -> None:
        self._address = address
        self._connection = connection
        self._heard = heard

    def open(self, hear: Hear) -> str:
        self._heard[self._connection] = hear
        return self._address


def _answered(hear: Hear, call: Call) -> web.Response:
    try:
        text = hear(call)
    except Exception as error:  # noqa: BLE001 - a bug in a plugin; its text may quote what somebody sent
        log.warning("a call at a doorbell was not heard: %s", reason(error))
        return web.Response(status=500)
    if text is None:
        return web.Response(status=202)
    if len(text) > MAX_TEXT:
        return web.Response(status=400)
    return web.Response(body=text.encode("utf-8", "replace"), content_type="text/plain")


async def _harden(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    response.headers.pop("Server", None)
