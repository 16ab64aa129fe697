"""The search-service: FLOWDSL queries over the entities of a schema or a group."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from calsync_sandbox.flowfact.flowdsl import Compiler, equal_text
from calsync_sandbox.flowfact.order import Order
from calsync_sandbox.flowfact.reading import body_of, number_in
from calsync_sandbox.flowfact.refusal import Refused
from calsync_sandbox.flowfact.schemas import names_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calsync_sandbox.flowfact.entities import Entity
    from calsync_sandbox.flowfact.tenant import Tenant

DEFAULT_SIZE = 20
KEPT = 8
"""So many searches are remembered: an index finds what has changed, however much there is besides."""
KNOWN = {"target", "fetch", "conditions", "sorts", "distinct"}
UNSUPPORTED = {"joins", "aggregations", "entities", "groupBy", "schemaIds"}
"""Parts of FLOWDSL that the sandbox takes only when they are empty."""


class SearchService:
    """Search and count. Without `sorts` the order is unspecified: that of the store."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._known: dict[object, tuple[int, list[Entity]]] = {}
        """By what the last searches depended on: how many changes there were by then, and what was found."""

    def routes(self, prefix: str) -> Iterable[web.AbstractRouteDef]:
        index = f"/search-service{prefix}/schemas/{{index}}"
        return [web.post(index, self._search), web.post(f"{index}/count", self._count)]

    async def _search(self, request: web.Request) -> web.Response:
        query = _checked(await body_of(request))
        offset, size = self._span(request)
        found = self._pages(request.match_info["index"], query)
        answer: dict[str, Any] = {
            "entries": _projected(found[offset : offset + size], query.get("fetch") or []),
            "page": offset // size + 1,
            "offset": offset,
            "size": size,
        }
        if request.query.get("withCount") == "true":
            answer["totalCount"] = len(found)
        return web.json_response(answer)

    async def _count(self, request: web.Request) -> web.Response:
        if "groupBy" in request.query:
            raise Refused(400, "groupBy is not supported")
        query = _checked(await body_of(request))
        return web.json_response(len(self._found(request.match_info["index"], query, self._candidates(query))))

    def _span(self, request: web.Request) -> tuple[int, int]:
        """Return offset and size, whichever way the page is asked for."""
        switches = self._tenant.switches
        size = min(number_in(request, "size", DEFAULT_SIZE, 1), switches.max_page_size)
        if "offset" in request.query:
            offset = 0 if switches.ignores_offset else number_in(request, "offset", 0, 0)
        else:
            offset = (number_in(request, "page", 1, 1) - 1) * size
        if offset + size > switches.max_window:
            raise Refused(400, f"a search reaches {switches.max_window} entries and no more")
        return offset, size

    def _pages(self, index: str, query: dict[str, Any]) -> list[Entity]:
        """Return all that a search finds, in its order. The next one often asks for another page of it."""
        tenant, text = self._tenant, json.dumps(query)
        switches, entities = tenant.switches, tenant.entities
        order = Order(query.get("sorts") or [], entities.number, missing_first=switches.missing_first)
        if switches.sorts == "ignore":
            order.keys.clear()
        asked = index, text, repr(switches), (*tenant.schemas,)
        known = self._known.pop(asked, None)
        if known is None or switches.search_lag or switches.trash_in_search or "OLDER_THAN" in text:
            changed = None
        else:
            changed = entities.changed_since(known[0])
        # Where nothing is sorted, the order is that of the store, which is known to it alone.
        if known is None or changed is None or (changed and not order.keys):
            found = order.sorted(self._found(index, query, self._candidates(query)))
        else:
            found = [one for one in known[1] if one["id"] not in changed] if changed else known[1]
            news = [entities.live[one] for one in changed if one in entities.live]
            order.insert(found, self._found(index, query, news))
        self._known[asked] = entities.changes, found
        if len(self._known) > KEPT:
            del self._known[next(iter(self._known))]
        return found

    def _found(self, index: str, query: dict[str, Any], candidates: Iterable[Entity]) -> list[Entity]:
        """Return those of some entities that a search finds."""
        tenant = self._tenant
        names = names_of(tenant.schemas, index)
        allowed = tenant.switches.metadata_filter == "ok"
        ids = {name: schema["id"] for name, schema in tenant.schemas.items()}
        predicates = Compiler(ids, tenant.now(), metadata_filter=allowed).compile_all(query.get("conditions", []))
        seen = (one for one in candidates if one["id"] not in tenant.switches.hidden)
        found = [one for one in seen if one["_metadata"]["schema"] in names]
        for predicate in predicates:
            found = list(filter(predicate, found))
        return found

    def _candidates(self, query: dict[str, Any]) -> Iterable[Entity]:
        """Return the entities that a checked query may find: few where it asks for a text, as an owner's id."""
        for condition in query.get("conditions", []):
            if (wanted := equal_text(condition)) is not None:
                return self._tenant.entities.holding(*wanted)
        return self._tenant.entities.searchable()


def _checked(query: Any) -> dict[str, Any]:
    if not isinstance(query, dict) or query.get("target") != "ENTITY":
        raise Refused(400, "a query is an object with the target ENTITY")
    unknown = sorted(
        name for name, value in query.items() if name not in KNOWN and (value or name not in UNSUPPORTED)
    )
    if unknown:
        raise Refused(400, f"{unknown[0]!r} is not supported in a query")
    return query


def _projected(entries: list[Entity], names: list[str]) -> list[Entity]:
    """Keep the named parts, `id` and `_metadata` too only if they are named; everything where none is."""
    if not names:
        return entries
    return [{name: entry[name] for name in names if name in entry} for entry in entries]
