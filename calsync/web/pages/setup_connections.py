"""Adding, changing and removing connections, by the form that each provider describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from calsync.desk.invalid import UNKEPT, Invalid, wrong_of
from calsync.people import Role
from calsync.web.guard import form_of
from calsync.web.pages.connections import CONNECTION, begin_check
from calsync.web.pages.providers import called

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.desk.invalid import Wrong
    from calsync.desk.setup import Setup
    from calsync.ports import ProviderSpec
    from calsync.web.site import Site
    from calsync.web.visitor import Visitor

ADD = "/add/connection"


def add_to(site: Site) -> None:
    """Add the pages."""
    pages = _SetupConnections(site)
    site.add("GET", ADD, pages.choose, Role.ADMINISTRATOR)
    site.add("POST", ADD, pages.add, Role.ADMINISTRATOR)
    site.add("GET", f"{CONNECTION}/edit", pages.show, Role.ADMINISTRATOR)
    site.add("POST", f"{CONNECTION}/edit", pages.change, Role.ADMINISTRATOR)
    site.add("POST", f"{CONNECTION}/remove", pages.remove, Role.ADMINISTRATOR)


class _SetupConnections:
    def __init__(self, site: Site) -> None:
        self._site = site

    async def choose(self, request: web.Request, visitor: Visitor) -> web.Response:
        setup, wanted = self._site.desk.setup(visitor.who), request.query.get("provider")
        if wanted is None:
            providers = {name: called(visitor, name, text) for name, text in (await setup.providers()).items()}
            return self._site.page(visitor, "connection_choose.html", providers=providers)
        return self._form(visitor, await spec_of(setup, wanted), {})

    async def add(self, request: web.Request, visitor: Visitor) -> web.Response:
        setup, form = self._site.desk.setup(visitor.who), await form_of(request)
        spec = await spec_of(setup, form.get("provider", ""))
        name = form.get("name", "").strip()
        try:
            await setup.add_connection(name, spec.name, _fields(spec, form))
        except UNKEPT as error:
            return self._form(visitor, spec, form, problems=wrong_of(error))
        return self._site.go(visitor, "/connections", "setup.connection_added")

    async def show(self, request: web.Request, visitor: Visitor) -> web.Response:
        name = request.match_info["connection"]
        try:
            values = await self._site.desk.setup(visitor.who).filled_in(name)
        except Invalid:
            return self._site.page(visitor, "operators.html", status=404, name=name, back="/connections")
        return self._form(visitor, await self._spec(visitor, name), values, name=name)

    async def change(self, request: web.Request, visitor: Visitor) -> web.Response:
        name, form = request.match_info["connection"], await form_of(request)
        spec = await self._spec(visitor, name)
        try:
            await self._site.desk.setup(visitor.who).change_connection(name, _fields(spec, form))
        except UNKEPT as error:
            return self._form(visitor, spec, form, problems=wrong_of(error), name=name)
        begin_check(self._site, name)
        return self._site.go(visitor, "/connections", "setup.connection_changed")

    async def remove(self, request: web.Request, visitor: Visitor) -> web.Response:
        name = request.match_info["connection"]
        try:
            await self._site.desk.setup(visitor.who).remove_connection(name)
        except UNKEPT as error:
            values = await self._site.desk.setup(visitor.who).filled_in(name)
            spec = await self._spec(visitor, name)
            return self._form(visitor, spec, values, problems=wrong_of(error), name=name)
        return self._site.go(visitor, "/connections", "setup.connection_removed")

    async def _spec(self, visitor: Visitor, connection: str) -> ProviderSpec:
        setup = self._site.desk.setup(visitor.who)
        try:
            return await spec_of(setup, await setup.provider_of(connection))
        except Invalid as invalid:
            raise web.HTTPNotFound from invalid

    def _form(
        self,
        visitor: Visitor,
        spec: ProviderSpec,
        values: Mapping[str, str],
        *,
        problems: Mapping[str, Wrong] | None = None,
        name: str | None = None,
    ) -> web.Response:
        """Return the form. `name`: of a connection that is there."""
        return self._site.page(
            visitor,
            "connection_form.html",
            status=200 if problems is None else 400,
            spec=spec,
            called=called(visitor, spec.name),
            values=values,
            problems=problems or {},
            name=name,
        )


async def spec_of(setup: Setup, provider: str) -> ProviderSpec:
    """Return a provider. Raises HTTPNotFound for one that is not there."""
    try:
        return await setup.provider(provider)
    except Invalid as invalid:
        raise web.HTTPNotFound from invalid


def _fields(spec: ProviderSpec, form: Mapping[str, str]) -> dict[str, str]:
    """Return what was filled in, by the keys of the provider's form."""
    return {field.key: form.get(field.key, "").strip() for field in spec.form}
