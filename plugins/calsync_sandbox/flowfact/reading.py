"""Reading what a request says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from calsync_sandbox.flowfact.refusal import Refused

if TYPE_CHECKING:
    from aiohttp import web


async def body_of(request: web.Request) -> Any:
    """Return the decoded JSON body. Raises Refused (400)."""
    try:
        return json.loads(await request.read())
    except ValueError as error:
        raise Refused(400, "the body is not JSON") from error


def number_in(request: web.Request, name: str, default: int, least: int) -> int:
    """Return a whole number of the query, which is at least `least`. Raises Refused (400)."""
    text = request.query.get(name, str(default))
    if not text.isdecimal() or int(text) < least:
        raise Refused(400, f"{name} is not a number from {least}")
    return int(text)


def need_version_2(request: web.Request) -> None:
    """Refuse a call whose official client always sends `x-ff-version: 2`. Raises Refused (400)."""
    if request.headers.get("x-ff-version") != "2":
        raise Refused(400, "this call needs x-ff-version 2")
