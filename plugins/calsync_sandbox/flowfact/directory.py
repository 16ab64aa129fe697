"""The small services that are only read: users, company, schemas, FLOWFACT's own mail accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from calsync_sandbox.flowfact.reading import need_version_2, number_in
from calsync_sandbox.flowfact.schemas import names_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calsync_sandbox.flowfact.tenant import Tenant

PAGE_SIZE = 100


class Directory:
    """user-service, company-service, schema-service and nylas-service, as far as they are only read."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def routes(self, prefix: str) -> Iterable[web.AbstractRouteDef]:
        schemas = f"/schema-service{prefix}/v2/schemas"
        return [
            web.get(f"/user-service{prefix}/users/currentUser", self._current_user),
            web.get(f"/user-service{prefix}/users", self._users),
            web.get(f"/company-service{prefix}/company", self._company),
            web.get(schemas, self._schemas),
            web.get(f"{schemas}/resolveIndices", self._indices),
            web.get(f"{schemas}/{{schema}}", self._schema),
            web.get(f"{schemas}/{{schema}}/exists", self._schema_exists),
            web.get(f"/nylas-service{prefix}/config", self._nylas_config),
        ]

    async def _current_user(self, request: web.Request) -> web.Response:
        need_version_2(request)
        return web.json_response(self._tenant.api_user)

    async def _users(self, request: web.Request) -> web.Response:
        types = [kind for kind in request.query.get("userType", "").split(",") if kind]
        return web.json_response(self._tenant.users.of_types(types))

    async def _company(self, request: web.Request) -> web.Response:
        del request
        return web.json_response(self._tenant.company)

    async def _schemas(self, request: web.Request) -> web.Response:
        page, size = number_in(request, "page", 1, 1), number_in(request, "size", PAGE_SIZE, 1)
        group = request.query.get("group")
        found = [one for one in self._tenant.schemas.values() if not group or group in one["groups"]]
        entries = found[(page - 1) * size : page * size]
        return web.json_response({"entries": entries, "totalCount": len(found), "page": page, "pageSize": size})

    async def _schema(self, request: web.Request) -> web.Response:
        return web.json_response(self._tenant.schema(request.match_info["schema"]))

    async def _schema_exists(self, request: web.Request) -> web.Response:
        return web.json_response(self._tenant.schema(request.match_info["schema"])["id"])

    async def _indices(self, request: web.Request) -> web.Response:
        names = names_of(self._tenant.schemas, request.query.get("identifier", ""))
        return web.json_response(sorted(names))

    async def _nylas_config(self, request: web.Request) -> web.Response:
        del request
        return web.json_response({"emails": self._tenant.nylas_accounts})
