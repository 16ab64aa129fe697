"""What is told on this machine only, or to whoever shows the token for it."""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
"""What proxies add. They call from this machine, for somebody who is not on it."""


def inside(handler: Handler, token: str | None) -> Handler:
    """Return the handler, hidden (404) from who is not on this machine and does not show `token` as a bearer."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if not _on_this_machine(request) and not _shows(request, token):
            raise web.HTTPNotFound
        return await handler(request)

    return answer


def _on_this_machine(request: web.Request) -> bool:
    """Tell whether the call came from this machine, for this machine: a page of another host would name that."""
    if any(name in request.headers for name in FORWARDED):
        return False
    return _is_loopback(request.remote or "") and _is_loopback(_host(request.headers.get("Host", "")))


def _host(header: str) -> str:
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _shows(request: web.Request, token: str | None) -> bool:
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    if token is None or scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(shown.strip().encode("utf-8", "replace"), token.encode())
