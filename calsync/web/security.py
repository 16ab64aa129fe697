"""What every answer says to browsers, and which requests a page of another site may have sent."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from calsync.web.origins import Origin
    from calsync.web.visitor import Visitor

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",  # no-referrer would have browsers send `Origin: null` with our own forms
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
TRANSPORT = "max-age=31536000"
"""Of Strict-Transport-Security, at a public address with TLS."""


async def harden(_request: web.Request, response: web.StreamResponse) -> None:
    """Set the headers of one answer, whoever made it."""
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.pop("Server", None)


def is_own(headers: Mapping[str, str], origin: Origin) -> bool:
    """Tell whether a request that wants to change something comes from one of our own pages.

    Browsers say so in `Origin`, and cannot be made to lie by a page.
    """
    site = headers.get("Sec-Fetch-Site", "same-origin")
    return headers.get("Origin") == origin.url and site == "same-origin"


def carries_token(given: object, visitor: Visitor) -> bool:
    """Tell whether a request knows what only our own pages for this visitor say."""
    if not isinstance(given, str):
        return False
    sent = given.encode("utf-8", "surrogatepass")  # a header may be no text
    return hmac.compare_digest(sent, visitor.csrf.encode())
