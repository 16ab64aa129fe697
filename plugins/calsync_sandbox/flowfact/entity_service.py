"""The entity-service: create, read, patch, delete by id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from calsync_sandbox.flowfact.reading import body_of, need_version_2
from calsync_sandbox.flowfact.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calsync_sandbox.flowfact.entities import Entity
    from calsync_sandbox.flowfact.fields import Fields
    from calsync_sandbox.flowfact.tenant import Tenant
    from calsync_sandbox.mail import MailKind

DESCRIPTOR = "application/json+descriptor"


class EntityService:
    """Requests act in the API user's name, whoever an entity belongs to."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._me: str = tenant.api_user["id"]

    def routes(self, prefix: str) -> Iterable[web.AbstractRouteDef]:
        service = f"/entity-service{prefix}"
        entity = f"{service}/schemas/{{schema}}/entities/{{id}}"
        return [
            web.post(f"{service}/schemas/{{schema}}", self._create),
            web.get(entity, self._read),
            web.patch(entity, self._patch),
            web.patch(f"{entity}/deep", self._deep_patch),
            web.delete(entity, self._delete),
            web.get(f"{service}/entities/{{id}}", self._read_without_schema),
            web.delete(f"{service}/entities", self._delete_many),
            web.post(f"{service}/users/{{user}}/hasaccess/{{right}}", self._has_access),
        ]

    async def _create(self, request: web.Request) -> web.Response:
        self._tenant.allow("create")
        schema = self._tenant.schema(request.match_info["schema"])["name"]
        fields = self._tenant.fields(await body_of(request), schema)
        entity = self._tenant.entities.create(schema, fields, self._me)
        self._notify(request, entity, "invitation")
        return self._created(entity)

    async def _read(self, request: web.Request) -> web.Response:
        return web.json_response(self._named(request))

    async def _read_without_schema(self, request: web.Request) -> web.Response:
        entity = self._tenant.entity(None, request.match_info["id"])
        if request.headers.get("Accept") != DESCRIPTOR:
            return web.json_response(entity)
        schema = entity["_metadata"]["schema"]
        schema_id = self._tenant.schema(schema)["id"]
        return web.json_response({"entityId": entity["id"], "schema": schema, "schemaId": schema_id})

    async def _patch(self, request: web.Request) -> web.Response:
        self._tenant.allow("UPDATE")
        entity, body = self._named(request), await body_of(request)
        if _notifies(request) and isinstance(body, dict) and "modifiedFields" in body:
            body = body["modifiedFields"]
        fields = self._tenant.fields(body, request.match_info["schema"])
        if self._tenant.switches.empty_values == "ignore":
            fields = {name: content for name, content in fields.items() if content["values"]}
        changed = self._tenant.entities.patch(entity, fields, self._me)
        self._notify(request, changed, "update")
        return self._patched(changed)

    async def _deep_patch(self, request: web.Request) -> web.Response:
        self._tenant.allow("UPDATE")
        entity, body = self._named(request), await body_of(request)
        if not isinstance(body, dict) or body.get("op") not in ("add", "remove", "replace"):
            raise Refused(400, "a deep patch needs an op: add, remove or replace")
        schema = request.match_info["schema"]
        given = self._tenant.fields(body.get("value"), schema)
        properties = self._tenant.schema(schema)["properties"]
        fields = _deeply(body["op"], entity, given, properties)
        return self._patched(self._tenant.entities.patch(entity, fields, self._me))

    async def _delete(self, request: web.Request) -> web.Response:
        self._tenant.allow("DELETE")
        entity = self._named(request)
        self._tenant.entities.delete(entity, self._me)
        self._notify(request, entity, "cancellation")
        return web.Response()

    async def _delete_many(self, request: web.Request) -> web.Response:
        need_version_2(request)
        self._tenant.allow("DELETE")
        body = await body_of(request)
        listed = body.get("entities") if isinstance(body, dict) else None
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            raise Refused(400, "the body lists no entities")
        return web.json_response(
            {"responses": {str(one.get("entityId")): self._delete_one(one) for one in listed}}
        )

    async def _has_access(self, request: web.Request) -> web.Response:
        """Tell of entities whether a user has a right on them. People may do everything."""
        body, right = await body_of(request), request.match_info["right"]
        if right not in ("READ", "UPDATE", "SEARCH", "DELETE") or not isinstance(body, list):
            raise Refused(400, "READ, UPDATE, SEARCH or DELETE, and a list of entities")
        switches, ours = self._tenant.switches, request.match_info["user"] == self._me
        restricted = ours and right in ("UPDATE", "DELETE") and right not in switches.rights
        hidden = switches.hidden if ours else frozenset()
        return web.json_response(
            [one | {"hasAccess": not restricted and one.get("entityId") not in hidden} for one in body]
        )

    def _delete_one(self, named: dict[str, Any]) -> dict[str, Any]:
        try:
            entity = self._tenant.entity(str(named.get("schema")), str(named.get("entityId")))
        except Refused as refused:
            return {"response": str(refused), "statusCode": refused.status}
        self._tenant.entities.delete(entity, self._me)
        return {"response": "", "statusCode": 200}

    def _named(self, request: web.Request) -> Entity:
        return self._tenant.entity(request.match_info["schema"], request.match_info["id"])

    def _created(self, entity: Entity) -> web.Response:
        match self._tenant.switches.create_response:
            case "id":
                return web.Response(text=entity["id"])
            case "quoted_id":
                return web.json_response(entity["id"])
            case "entity":
                return web.json_response(entity)

    def _patched(self, entity: Entity) -> web.Response:
        if self._tenant.switches.patch_response == "empty":
            return web.Response()
        return web.json_response(entity)

    def _notify(self, request: web.Request, entity: Entity, kind: MailKind) -> None:
        """Mail if asked to. That is known of patches only; any other write that asks for it counts too."""
        if _notifies(request):
            self._tenant.notify(entity, kind)


def _notifies(request: web.Request) -> bool:
    return request.query.get("sendWithNotification") == "true"


def _deeply(op: str, entity: Entity, given: Fields, properties: dict[str, Any]) -> Fields:
    """Return the fields after a deep patch: several values grow or shrink, a single one is overwritten."""
    fields: Fields = {}
    for name, content in given.items():
        old, values = entity.get(name, {}).get("values", []), content["values"]
        if op == "remove":
            values = [value for value in old if value not in values]
        elif op == "add" and properties[name].get("hasMultipleValues"):
            values = old + values
        fields[name] = {"values": values}
    return fields
