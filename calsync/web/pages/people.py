"""Administrators invite people, give them accounts, and remove them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from aiohttp import web

from calsync.desk.refused import Refused
from calsync.errors import LoginError, Retry, reason
from calsync.people import Role, name_key
from calsync.sync.model import Side
from calsync.web.guard import form_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.desk.people import Invitation, Member
    from calsync.web.site import Site
    from calsync.web.visitor import Visitor

PERSON = r"/people/{person:\d{1,15}}"
ROWS = 50
"""People on one page."""
log = logging.getLogger("calsync.web")


def add_to(site: Site) -> None:
    """Add the pages."""
    pages = _People(site)
    site.add("GET", "/people", pages.show, Role.ADMINISTRATOR)
    site.add("POST", "/people", pages.invite, Role.ADMINISTRATOR)
    site.add("GET", PERSON, pages.show_one, Role.ADMINISTRATOR)
    site.add("POST", f"{PERSON}/invite", pages.invite_again, Role.ADMINISTRATOR)
    site.add("POST", f"{PERSON}/remove", pages.remove, Role.ADMINISTRATOR)
    site.add("POST", f"{PERSON}/give", pages.give, Role.ADMINISTRATOR)
    site.add("POST", f"{PERSON}/take", pages.take, Role.ADMINISTRATOR)
    site.add("GET", f"{PERSON}/member", pages.members, Role.ADMINISTRATOR)
    site.add("POST", f"{PERSON}/member", pages.assign, Role.ADMINISTRATOR)


class _People:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._people = site.desk.people
        self._members = site.desk.members

    async def show(self, request: web.Request, visitor: Visitor) -> web.Response:
        offset = request.query.get("offset", "")
        return await self._list(
            visitor,
            search=request.query.get("search", "").strip()[:100],
            offset=int(offset) if offset.isdecimal() and len(offset) < 9 else 0,  # noqa: PLR2004 - no such page
        )

    async def show_one(self, request: web.Request, visitor: Visitor) -> web.Response:
        return await self._one(visitor, await self._member(request))

    async def invite(self, request: web.Request, visitor: Visitor) -> web.Response:
        form = await form_of(request)
        name, account = form.get("name", "").strip(), form.get("account", "").strip()
        role = Role.ADMINISTRATOR if form.get("role") == Role.ADMINISTRATOR.value else Role.USER
        try:
            if await self._people.is_there(name):
                return await self._list(visitor, {"name": "people.there"}, form)
            invitation = await self._people.invite(name, role, [account] if account else [], by=visitor.who)
        except Refused as refused:
            key = "account" if refused.word == "account_unknown" else "name"
            return await self._list(visitor, {key: f"refused.{refused.word}"}, form)
        return await self._one(visitor, await self._people.member(invitation.person.id), invitation=invitation)

    async def invite_again(self, request: web.Request, visitor: Visitor) -> web.Response:
        person = (await self._member(request)).person
        invitation = await self._people.invite(person.name, by=visitor.who)
        return await self._one(visitor, await self._member(request), invitation=invitation)

    async def remove(self, request: web.Request, visitor: Visitor) -> web.Response:
        await self._people.remove((await self._member(request)).person.name, by=visitor.who)
        return self._site.go(visitor, "/people", "people.removed")

    async def give(self, request: web.Request, visitor: Visitor) -> web.Response:
        member, account = await self._member(request), (await form_of(request)).get("account", "").strip()
        try:
            await self._people.give(member.person.name, account, by=visitor.who)
        except Refused as refused:
            return await self._one(visitor, member, problem=f"refused.{refused.word}")
        return self._site.go(visitor, f"/people/{member.person.id}", "people.given")

    async def take(self, request: web.Request, visitor: Visitor) -> web.Response:
        member = await self._member(request)
        await self._people.take(member.person.name, (await form_of(request)).get("account", ""), by=visitor.who)
        return self._site.go(visitor, f"/people/{member.person.id}", "people.taken")

    async def members(self, request: web.Request, visitor: Visitor) -> web.Response:
        """List whom somebody may be in the system that lists people."""
        member, listed, problem = await self._member(request), [], None
        try:
            listed = list(await self._members.listed(visitor.who))
        except (LoginError, Retry) as error:
            log.warning("people could not be listed: %s", reason(error))
            problem = "member.not_listed"
        return self._site.page(
            visitor,
            "member.html",
            status=200 if problem is None else 503,
            person=member.person,
            listed=listed,
            present=await self._members.of(visitor.who, member.person.id),
            system=await self._system(visitor),
            problem=problem,
        )

    async def assign(self, request: web.Request, visitor: Visitor) -> web.Response:
        person = (await self._member(request)).person
        await self._members.assign(visitor.who, person.id, (await form_of(request)).get("member") or None)
        return self._site.go(visitor, f"/people/{person.id}", "member.assigned")

    async def _system(self, visitor: Visitor) -> str | None:
        """Return what the system is called that lists people; None: nobody connects an own mailbox."""
        connection = await self._members.connection(visitor.who)
        return None if connection is None else self._site.desk.showing.titles(connection, "")[Side.LEFT]

    async def _addresses(self, visitor: Visitor) -> Mapping[str, str]:
        """Return all accounts by name, each with the address that it names."""
        return dict(sorted((await self._site.desk.showing.addresses(visitor.who)).items()))

    async def _member(self, request: web.Request) -> Member:
        try:
            return await self._people.member(int(request.match_info["person"]))
        except Refused as refused:
            raise web.HTTPNotFound from refused

    async def _list(
        self,
        visitor: Visitor,
        problems: Mapping[str, str] | None = None,
        filled: Mapping[str, str] | None = None,
        search: str = "",
        offset: int = 0,
    ) -> web.Response:
        """Show a page of people. `search`: a part of the name, or of the name of an account.

        `problems`: what is wrong with whom somebody would invite, by the keys of the form.
        """
        found = [member for member in await self._people.all() if _matches(member, name_key(search))]
        members, end = found[offset : offset + ROWS], offset + ROWS
        return self._site.page(
            visitor,
            "people.html",
            status=400 if problems else 200,
            members=members,
            total=len(found),
            search=search,
            offset=offset,
            before=_path(search, max(0, offset - ROWS)) if offset else None,
            after=_path(search, end) if end < len(found) else None,
            addresses=await self._addresses(visitor),
            problems=problems or {},
            filled=filled or {},
        )

    async def _one(
        self,
        visitor: Visitor,
        member: Member,
        *,
        problem: str | None = None,
        invitation: Invitation | None = None,
    ) -> web.Response:
        link = None if invitation is None else f"/invitation/{invitation.secret}"
        return self._site.page(
            visitor,
            "person.html",
            status=200 if problem is None else 400,
            member=member,
            addresses=await self._addresses(visitor),
            system=await self._system(visitor),
            assigned=await self._members.of(visitor.who, member.person.id),
            problem=problem,
            link=None if link is None else f"{visitor.origin.url}{visitor.href(link)}",
            until=None if invitation is None else invitation.until,
        )


def _matches(member: Member, part: str) -> bool:
    return any(part in name_key(name) for name in (member.person.name, *member.accounts))


def _path(search: str, offset: int) -> str:
    query = urlencode({name: value for name, value in {"search": search, "offset": offset}.items() if value})
    return f"/people?{query}" if query else "/people"
