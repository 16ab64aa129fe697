"""The document that describes the API (OpenAPI 3.1), made of its routes."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

from calsync.people import Role
from calsync.web.api.problems import MEDIA_TYPE, Problem
from calsync.web.api.reading import LONGEST_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calsync.web.api.route import Route

DIALECT = "3.1.0"
VERSION = "1"
REF = "#/components/schemas/{name}"
_VARIABLE = re.compile(r"\{(\w+)\}")


def described(routes: Sequence[Route], address: str) -> dict[str, Any]:
    """Return the document. `address`: where `/api/v1` is."""
    shapes = {shape for one in routes for shape in (one.answer, one.body) if shape is not None}
    ordered = sorted(shapes, key=lambda shape: shape.__name__)
    schemas, components = msgspec.json.schema_components([*ordered, Problem], ref_template=REF)
    refs = dict(zip([*ordered, Problem], schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for one in routes:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, refs)
    return {
        "openapi": DIALECT,
        "info": {
            "title": "calsync",
            "version": VERSION,
            "description": "What calsync's pages do, for programs. Nothing here can mail anybody.",
        },
        "servers": [{"url": address}],
        "security": [{"token": []}],
        "tags": [{"name": name} for name in dict.fromkeys(one.section for one in routes)],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API token, as the page \u201cMy profile\u201d makes it",
                }
            },
        },
    }


def _operation(route: Route, refs: Mapping[Any, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": route.id,
        "summary": route.summary,
        "tags": [route.section],
        "parameters": [*_variables(route), *_query(route)],
        "responses": _answers(route, refs),
    }
    if route.role is Role.ADMINISTRATOR:
        told["description"] = "For administrators only."
    if route.body is not None:
        content = {"application/json": {"schema": refs[route.body]}}
        told["requestBody"] = {"required": True, "content": content}
    return told


def _answers(route: Route, refs: Mapping[Any, Any]) -> dict[str, Any]:
    good: dict[str, Any] = {"description": "Done"}
    if route.answer is not None:
        good["content"] = {"application/json": {"schema": refs[route.answer]}}
    status = HTTPStatus.NO_CONTENT if route.answer is None else route.status
    return {str(status.value): good} | {
        str(one.value): {
            "description": one.phrase,
            **_headers(one),
            "content": {MEDIA_TYPE: {"schema": refs[Problem]}},
        }
        for one in sorted(refusals(route))
    }


def refusals(route: Route) -> set[HTTPStatus]:
    """Return with what a request may be refused."""
    found = {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.MISDIRECTED_REQUEST,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.SERVICE_UNAVAILABLE,
        *route.refusals,
    }
    if route.role is Role.ADMINISTRATOR:
        found.add(HTTPStatus.FORBIDDEN)
    if _VARIABLE.search(route.path):
        found.add(HTTPStatus.NOT_FOUND)
    found |= {HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.REQUEST_TIMEOUT}
    if route.body is not None:
        found.add(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    return found


def _headers(status: HTTPStatus) -> dict[str, Any]:
    if status is HTTPStatus.TOO_MANY_REQUESTS:
        return {"headers": {"Retry-After": _header("Seconds to wait", {"type": "integer", "minimum": 1})}}
    if status is HTTPStatus.UNAUTHORIZED:
        return {"headers": {"WWW-Authenticate": _header("How to show a token", {"type": "string"})}}
    return {}


def _header(description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": description, "required": True, "schema": schema}


def _variables(route: Route) -> Iterable[dict[str, Any]]:
    name = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME}
    for variable in _VARIABLE.findall(route.path):
        kind = route.path_types.get(variable)
        schema = name if kind is None else msgspec.json.schema(kind)
        yield {"name": variable, "in": "path", "required": True, "schema": schema}


def _query(route: Route) -> Iterable[dict[str, Any]]:
    if route.query is None:
        return
    (_,), components = msgspec.json.schema_components([route.query], ref_template=REF)
    described = components[route.query.__name__]
    for name, schema in described["properties"].items():
        plain = _inlined(schema, components)
        text = plain.pop("description", None)
        yield {"name": name, "in": "query", "required": False, "schema": plain} | (
            {} if text is None else {"description": text}
        )


def _inlined(schema: Any, components: Mapping[str, Any]) -> Any:
    """Return a schema without references and without the null that a query cannot say."""
    if isinstance(schema, list):
        return [_inlined(one, components) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(components[schema["$ref"].rpartition("/")[2]], components)
    if "anyOf" in schema:
        kinds = [one for one in schema["anyOf"] if one != {"type": "null"}]
        if len(kinds) == 1:
            rest = {key: one for key, one in schema.items() if key not in {"anyOf", "default"}}
            return _inlined(kinds[0], components) | rest
    return {
        key: _inlined(one, components)
        for key, one in schema.items()
        if (key, one) != ("default", None) and key != "title"
    }
