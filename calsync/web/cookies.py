"""The cookies. None can be read by a script, none goes to another site; over TLS no other host can set them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

    from calsync.web.origins import Origin

SESSION = "calsync_session"
VISIT = "calsync_visit"
"""Of somebody who has not signed in: what the forms there are bound to."""
LANGUAGE = "calsync_language"
NOTICE = "calsync_notice"
MICROSOFT = "calsync_microsoft"
"""What a sign-in at Microsoft began with: state, nonce and verifier."""


def read(request: web.Request, origin: Origin, name: str) -> str | None:
    """Return a cookie's value."""
    return request.cookies.get(_name(origin, name)) or None


def put(response: web.StreamResponse, origin: Origin, name: str, value: str, seconds: int | None = None) -> None:
    """Set a cookie; without `seconds` it lasts as long as the browser is open."""
    # Lax: it comes along when a link elsewhere, as the one in Microsoft's answer, leads here; not with a form.
    response.set_cookie(
        _name(origin, name),
        value,
        max_age=seconds,
        path="/",
        secure=origin.secure,
        httponly=True,
        samesite="Lax",
    )


def drop(response: web.StreamResponse, origin: Origin, name: str) -> None:
    """Have the browser forget a cookie."""
    put(response, origin, name, "", 0)


def _name(origin: Origin, name: str) -> str:
    # Browsers take a cookie of this name only from the host itself, over TLS (RFC 6265bis, section 4.1.3.2).
    return f"__Host-{name}" if origin.secure else name
