"""What a browser keeps in a cookie while it is away to sign somebody in: only the same one can come back."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from calsync.web import cookies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from calsync.web.visitor import Visitor

MINUTES = 10


def keep(response: web.StreamResponse, visitor: Visitor, kept: Mapping[str, Any]) -> None:
    """Have the browser keep what a sign-in began with; `flow` belongs to it."""
    packed = base64.urlsafe_b64encode(json.dumps(kept).encode()).decode("ascii")
    cookies.put(response, visitor.origin, cookies.MICROSOFT, packed, MINUTES * 60)


def kept_by(request: web.Request, visitor: Visitor) -> Mapping[str, Any]:
    """Return what the browser kept; nothing of what was not kept here."""
    value = cookies.read(request, visitor.origin, cookies.MICROSOFT)
    try:
        kept = json.loads(base64.urlsafe_b64decode(value or ""))
    except (ValueError, RecursionError):
        return {}
    shaped = isinstance(kept, dict) and isinstance(kept.get("flow"), dict)
    return kept if shaped else {}


def forget(response: web.StreamResponse, visitor: Visitor) -> None:
    """Have the browser forget it: it is used up, whatever came of it."""
    cookies.drop(response, visitor.origin, cookies.MICROSOFT)
