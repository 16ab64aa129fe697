"""The choice of a language, which a cookie keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from calsync.web import cookies
from calsync.web.guard import form_of
from calsync.web.texts import LANGUAGES
from calsync.web.visitor import within

if TYPE_CHECKING:
    from calsync.web.site import Site
    from calsync.web.visitor import Visitor

A_YEAR = 365 * 86_400


def add_to(site: Site) -> None:
    """Add what the switch in every page's foot asks for."""

    async def choose(request: web.Request, visitor: Visitor) -> web.Response:
        form = await form_of(request)
        language = form.get("language", "")
        if language not in LANGUAGES:
            raise web.HTTPBadRequest
        response = site.go(visitor, within(form.get("next", "/")))
        cookies.put(response, visitor.origin, cookies.LANGUAGE, language, A_YEAR)
        return response

    site.add("POST", "/language", choose, None)
