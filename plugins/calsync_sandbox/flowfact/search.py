"""The search-service: FLOWDSL queries over the entities of a schema or a group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from calsync_sandbox.flowfact.flowdsl import Compiler, equal_text, reader
from calsync_sandbox.flowfact.reading import body_of, number_in
from calsync_sandbox.flowfact.refusal import Refused
from calsync_sandbox.flowfact.schemas import names_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from calsync_sandbox.flowfact.entities import Entity
    from calsync_sandbox.flowfact.tenant import Tenant

DEFAULT_SIZE = 20
KNOWN = {"target", "fetch", "conditions", "sorts", "distinct"}
UNSUPPORTED = {"joins", "aggregations", "entities", "groupBy", "schemaIds"}
"""Parts of FLOWDSL that the sandbox takes only when they are empty."""


class SearchService:
    """Search and count. Without `sorts` the order is unspecified: that of the store."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def routes(self, prefix: str) -> Iterable[web.AbstractRouteDef]:
        index = f"/search-service{prefix}/schemas/{{index}}"
        return [web.post(index, self._search), web.post(f"{index}/count", self._count)]

    async def _search(self, request: web.Request) -> web.Response:
        query = _checked(await body_of(request))
        offset, size = self._span(request)
        found = self._sorted(self._found(request.match_info["index"], query), query.get("sorts") or [])
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
        return web.json_response(len(self._found(request.match_info["index"], query)))

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

    def _found(self, index: str, query: dict[str, Any]) -> list[Entity]:
        tenant = self._tenant
        names = names_of(tenant.schemas, index)
        allowed = tenant.switches.metadata_filter == "ok"
        ids = {name: schema["id"] for name, schema in tenant.schemas.items()}
        predicates = Compiler(ids, tenant.now(), metadata_filter=allowed).compile_all(query.get("conditions", []))
        seen = (one for one in self._candidates(query) if one["id"] not in tenant.switches.hidden)
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

    def _sorted(self, found: list[Entity], sorts: Sequence[dict[str, Any]]) -> list[Entity]:
        """Sort by the first key, equal ones by the second, ..."""
        switches = self._tenant.switches
        for sort in reversed(sorts):
            direction = sort.get("direction", "ASC")
            if direction not in ("ASC", "DESC") or "joinField" in sort:
                raise Refused(400, "a sort has the direction ASC or DESC and no joinField")
            for path in reversed(sort.get("fields") or [sort.get("field")]):
                if switches.sorts == "ok":
                    down, first = direction == "DESC", switches.missing_first
                    found = _sorted_by(found, str(path), descending=down, missing_first=first)
        return found


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


def _sorted_by(found: list[Entity], path: str, *, descending: bool, missing_first: bool) -> list[Entity]:
    keyed: list[tuple[tuple[str, Any], Entity]] = []
    missing: list[Entity] = []
    read = reader(path)
    for entity in found:
        values = read(entity)
        if values:
            keyed.append((_key(values[0]), entity))
        else:
            missing.append(entity)
    keyed.sort(key=lambda pair: pair[0], reverse=descending)
    having = [entity for _, entity in keyed]
    return missing + having if missing_first else having + missing


def _key(value: Any) -> tuple[str, Any]:
    """Order numbers before text, so that mixed values do not fail."""
    return ("number", value) if isinstance(value, int | float) else ("text", str(value))
