"""What somebody settles for themselves: the language, the password, and API tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from calsync.desk.refused import Refused
from calsync.web.guard import form_of

if TYPE_CHECKING:
    from calsync.web.site import Site
    from calsync.web.visitor import Visitor


def add_to(site: Site) -> None:
    """Add the page and what its forms send."""
    pages = _Profile(site)
    site.add("GET", "/profile", pages.show)
    site.add("POST", "/profile/password", pages.change_password)
    site.add("POST", "/profile/tokens", pages.make_token)
    site.add("POST", r"/profile/tokens/{token:\d{1,15}}/revoke", pages.revoke_token)


class _Profile:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._access = site.desk.access

    async def show(self, _request: web.Request, visitor: Visitor) -> web.Response:
        return await self._page(visitor)

    async def change_password(self, request: web.Request, visitor: Visitor) -> web.Response:
        form, who = await form_of(request), visitor.who
        wanted, here = form.get("password", ""), f"person {who.id}"
        if who.password is None:
            raise web.HTTPBadRequest
        if wanted != form.get("again"):
            return await self._page(visitor, problem="invitation.different", at="password")
        try:
            async with self._site.throttle.attempt(who.name, here):
                await self._access.change_password(who, form.get("present", ""), wanted, visitor.session)
        except Refused as refused:
            if refused.word == "password_wrong":
                self._site.throttle.failed(who.name, here)
            return await self._page(visitor, problem=f"refused.{refused.word}", at="password")
        return self._site.go(visitor, "/profile", "profile.password_changed")

    async def make_token(self, request: web.Request, visitor: Visitor) -> web.Response:
        try:
            token = await self._access.make_api_token(visitor.who, (await form_of(request)).get("name", ""))
        except Refused as refused:
            return await self._page(visitor, problem=f"refused.{refused.word}", at="token")
        return await self._page(visitor, token=token)

    async def revoke_token(self, request: web.Request, visitor: Visitor) -> web.Response:
        await self._access.revoke_api_token(visitor.who, int(request.match_info["token"]))
        return self._site.go(visitor, "/profile", "profile.token_revoked")

    async def _page(
        self, visitor: Visitor, *, problem: str | None = None, at: str | None = None, token: str | None = None
    ) -> web.Response:
        """Return the page. `at`: the form in which there is a problem; `token`: one that was made just now."""
        tokens, status = await self._access.api_tokens(visitor.who), 200 if problem is None else 400
        return self._site.page(
            visitor, "profile.html", status=status, tokens=tokens, problem=problem, at=at, token=token
        )
