"""The trash of the entity-service: list, restore, purge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from calsync_sandbox.flowfact.reading import body_of, number_in
from calsync_sandbox.flowfact.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calsync_sandbox.flowfact.entities import TrashEntry
    from calsync_sandbox.flowfact.tenant import Tenant

PAGE_SIZE = 50


class Trash:
    """`/recovery/...`: what was deleted, the newest first."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def routes(self, prefix: str) -> Iterable[web.AbstractRouteDef]:
        recovery = f"/entity-service{prefix}/recovery"
        return [
            web.get(f"{recovery}/entities", self._list),
            web.post(f"{recovery}/entities", self._restore),
            web.delete(f"{recovery}/entities", self._purge),
            web.get(f"{recovery}/schemas", self._schemas),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        self._tenant.allow("trash")
        page, size = number_in(request, "page", 1, 1), number_in(request, "size", PAGE_SIZE, 1)
        size = min(size, self._tenant.switches.max_page_size)
        entries = self._entries(request.query.get("schema", ""))
        offset = (page - 1) * size
        return web.json_response(
            {
                "entries": entries[offset : offset + size],
                "totalCount": len(entries),
                "page": page,
                "pageSize": size,
                "offset": offset,
                "size": size,
            }
        )

    def _entries(self, schema: str) -> list[TrashEntry]:
        newest_first = reversed(self._tenant.entities.trash.values())
        if not schema:
            return list(newest_first)
        name = self._tenant.schema(schema)["name"]
        return [entry for entry in newest_first if entry["schemaName"] == name]

    async def _restore(self, request: web.Request) -> web.Response:
        for entity_id in await _ids(request):
            self._tenant.entities.restore(entity_id)
        return web.Response()

    async def _purge(self, request: web.Request) -> web.Response:
        for entity_id in await _ids(request):
            self._tenant.entities.purge(entity_id)
        return web.Response()

    async def _schemas(self, request: web.Request) -> web.Response:
        del request
        names = sorted({entry["schemaName"] for entry in self._tenant.entities.trash.values()})
        return web.json_response({"schemas": [{"schema": name} for name in names]})


async def _ids(request: web.Request) -> list[str]:
    body = await body_of(request)
    ids = body.get("entityIds") if isinstance(body, dict) else None
    if not isinstance(ids, list) or not ids:
        raise Refused(400, "the body lists no entityIds")
    return ids
