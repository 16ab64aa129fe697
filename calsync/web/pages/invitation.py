"""Using an invitation: its link leads here, and somebody chooses how to sign in from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.desk.refused import Refused
from calsync.web.guard import form_of

if TYPE_CHECKING:
    from aiohttp import web

    from calsync.web.site import Site
    from calsync.web.visitor import Visitor


def add_to(site: Site) -> None:
    """Add the page. Looking at it uses nothing up: programs that check links in mails do."""

    async def show(request: web.Request, visitor: Visitor) -> web.Response:
        return await _page(site, request, visitor)

    async def accept(request: web.Request, visitor: Visitor) -> web.Response:
        form, secret = await form_of(request), request.match_info["secret"]
        if form.get("password") != form.get("again"):
            return await _page(site, request, visitor, problem="invitation.different")
        try:
            person = await site.desk.access.accept_with_password(secret, form.get("password", ""))
        except Refused as refused:
            return await _page(site, request, visitor, problem=f"refused.{refused.word}")
        return await site.begin_session(visitor, person, "/")

    site.add("GET", "/invitation/{secret}", show, None)
    site.add("POST", "/invitation/{secret}", accept, None)


async def _page(site: Site, request: web.Request, visitor: Visitor, *, problem: str | None = None) -> web.Response:
    """Return the page. Raises Refused for an invitation that is over."""
    secret = request.match_info["secret"]
    person = await site.desk.access.invited(secret)
    status = 200 if problem is None else 400
    return site.page(visitor, "invitation.html", status=status, person=person, secret=secret, problem=problem)
