"""Adding, changing and removing accounts, by the forms that both sides' providers describe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from calsync.desk.entries import account_entry, between, connections_of, filled_in, keys_of
from calsync.desk.invalid import UNKEPT, Invalid, wrong_of
from calsync.people import Role
from calsync.sync.model import Direction, Side
from calsync.web.guard import form_of
from calsync.web.pages.account import ACCOUNT
from calsync.web.pages.providers import PROVIDERS
from calsync.web.pages.setup_connections import spec_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.desk.entries import Specs
    from calsync.desk.invalid import Wrong
    from calsync.web.site import Site
    from calsync.web.visitor import Visitor

ADD = "/add/account"
TIMEZONE = "Europe/Berlin"
"""What the form begins with."""


def add_to(site: Site) -> None:
    """Add the pages."""
    pages = _SetupAccounts(site)
    site.add("GET", ADD, pages.choose, Role.ADMINISTRATOR)
    site.add("POST", ADD, pages.add, Role.ADMINISTRATOR)
    site.add("GET", f"{ACCOUNT}/edit", pages.show, Role.ADMINISTRATOR)
    site.add("POST", f"{ACCOUNT}/edit", pages.change, Role.ADMINISTRATOR)
    site.add("POST", f"{ACCOUNT}/remove", pages.remove, Role.ADMINISTRATOR)


class _SetupAccounts:
    def __init__(self, site: Site) -> None:
        self._site = site

    async def choose(self, request: web.Request, visitor: Visitor) -> web.Response:
        connections = {side: request.query.get(side.value, "") for side in Side}
        if not all(connections.values()) or len(set(connections.values())) < len(Side):
            return self._choice(visitor, connections)
        values = {f"{side}.connection": name for side, name in connections.items()}
        return self._form(visitor, await self._specs(visitor, connections), {"timezone": TIMEZONE, **values})

    async def add(self, request: web.Request, visitor: Visitor) -> web.Response:
        form = await form_of(request)
        connections = {side: form.get(f"{side}.connection", "") for side in Side}
        specs = await self._specs(visitor, connections)
        if len(set(connections.values())) < len(Side):
            return self._choice(visitor, connections)
        name = form.get("name", "").strip()
        try:
            await self._site.desk.setup(visitor.who).add_account(name, _entry(between(connections), specs, form))
        except UNKEPT as error:
            return self._form(visitor, specs, form, problems=wrong_of(error))
        return self._site.go(visitor, "/accounts", "setup.account_added")

    async def show(self, request: web.Request, visitor: Visitor) -> web.Response:
        name = request.match_info["account"]
        try:
            entry = await self._site.desk.setup(visitor.who).account_entry(name)
        except Invalid:
            return self._site.page(visitor, "operators.html", status=404, name=name, back="/accounts")
        return self._form(visitor, await self._specs(visitor, connections_of(entry)), filled_in(entry), name=name)

    async def change(self, request: web.Request, visitor: Visitor) -> web.Response:
        name, form = request.match_info["account"], await form_of(request)
        former = await self._entry(visitor, name)
        specs = await self._specs(visitor, connections_of(former))
        try:
            await self._site.desk.setup(visitor.who).change_account(name, _entry(former, specs, form))
        except UNKEPT as error:
            return self._form(visitor, specs, {**filled_in(former), **form}, problems=wrong_of(error), name=name)
        return self._site.go(visitor, "/accounts", "setup.account_changed")

    async def remove(self, request: web.Request, visitor: Visitor) -> web.Response:
        name = request.match_info["account"]
        await self._entry(visitor, name)
        await self._site.desk.setup(visitor.who).remove_account(name)
        return self._site.go(visitor, "/accounts", "setup.account_removed")

    def _choice(self, visitor: Visitor, connections: Mapping[Side, str]) -> web.Response:
        """Ask which connections an account is between; FLOWFACT stands on the left, as everywhere."""
        rows = self._site.desk.showing.connections(visitor.who)
        names = sorted(rows, key=lambda row: row.system.provider not in PROVIDERS["flowfact"])
        likely = dict(zip(Side, [row.system.connection for row in (*names[:1], *names[-1:])], strict=False))
        same = all(connections.values())
        return self._site.page(
            visitor,
            "account_choose.html",
            status=400 if same else 200,
            rows=rows,
            sides=list(Side),
            chosen=connections if same else likely,
            same=same,
        )

    async def _entry(self, visitor: Visitor, name: str) -> Mapping[str, Any]:
        """Return a kept account's entry. Raises HTTPNotFound for any other one."""
        try:
            return await self._site.desk.setup(visitor.who).account_entry(name)
        except Invalid as invalid:
            raise web.HTTPNotFound from invalid

    async def _specs(self, visitor: Visitor, connections: Mapping[Side, str]) -> Specs:
        """Return the providers of both sides. Raises HTTPNotFound where one of them is not there."""
        known = {
            row.system.connection: row.system.provider for row in self._site.desk.showing.connections(visitor.who)
        }
        setup = self._site.desk.setup(visitor.who)
        if any(name not in known for name in connections.values()):
            raise web.HTTPNotFound
        return {side: await spec_of(setup, known[name]) for side, name in connections.items()}

    def _form(
        self,
        visitor: Visitor,
        specs: Specs,
        values: Mapping[str, str],
        *,
        problems: Mapping[str, Wrong] | None = None,
        name: str | None = None,
    ) -> web.Response:
        """Return the form. `values`: by keys as `left.mailbox`; `name`: of an account that is there."""
        titles = {
            row.system.connection: row.system.title for row in self._site.desk.showing.connections(visitor.who)
        }
        return self._site.page(
            visitor,
            "account_form.html",
            status=200 if problems is None else 400,
            specs=specs,
            values=values,
            titles={side: titles[values[f"{side}.connection"]] for side in Side},
            problems=problems or {},
            name=name,
            directions=list(Direction),
        )


def _entry(former: Mapping[str, Any], specs: Specs, form: Mapping[str, str]) -> dict[str, Any]:
    return account_entry(former, specs, {key: form.get(key, "").strip() for key in keys_of(specs)})
