"""From a request to what its route is given, or a problem that says what is wrong with it."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, get_origin

import msgspec
from aiohttp import web

from calsync.web.api.problems import Failed
from calsync.web.doorbells import read_whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.web.api.route import Given, Route

MOST_BYTES = 64 * 1024
"""Of a body: the largest are many names, and a form that is filled in."""
LONGEST_NAME = 200
"""Characters of a variable of the path."""
EXACT = 2**53
"""Up to here a float tells each whole number."""
_LITERAL = re.compile(r"true|false|-?\d{1,16}")


def path_of(route: Route, given: Mapping[str, str]) -> dict[str, Any]:
    """Return the variables of the path. Raises Failed: what is nobody's name is not found."""
    try:
        return {
            name: _read(text, route.path_types[name]) if name in route.path_types else _name(text)
            for name, text in given.items()
        }
    except msgspec.ValidationError as error:
        raise Failed(HTTPStatus.NOT_FOUND, "not_found", "there is nothing of this name") from error


def query_of(shape: type[Given] | None, request: web.Request) -> Given | None:
    """Return the query as its Struct. Raises Failed."""
    given = request.query
    kinds = {} if shape is None else {field.name: field.type for field in msgspec.structs.fields(shape)}
    unknown = sorted(given.keys() - kinds.keys())
    if unknown:
        raise _invalid(dict.fromkeys(unknown, "is not known here"), "the query")
    values: dict[str, Any] = {}
    for name in dict.fromkeys(given):
        try:
            values[name] = _value(given.getall(name), kinds[name])
        except msgspec.ValidationError as error:
            raise _invalid({name: str(error)}, "the query") from error
    return None if shape is None else msgspec.convert(values, shape)


async def body_of(shape: type[Given] | None, request: web.Request) -> Given | None:
    """Return the body as its Struct. Raises Failed."""
    if (request.content_length or 0) > MOST_BYTES:
        raise _too_large()
    try:
        body = await read_whole(request)
    except web.HTTPRequestEntityTooLarge as error:
        raise _too_large() from error
    except web.HTTPRequestTimeout as error:
        detail = "the body did not come in whole within 10 s"
        raise Failed(HTTPStatus.REQUEST_TIMEOUT, "body_slow", detail) from error
    except web.HTTPBadRequest as error:
        raise Failed(HTTPStatus.BAD_REQUEST, "body_broken", "the body is cut off or damaged") from error
    if len(body) > MOST_BYTES:
        raise _too_large()
    if shape is None:
        return None
    if request.content_type != "application/json":
        detail = "send a body of the type application/json"
        raise Failed(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "body_type", detail)
    try:
        return msgspec.convert(_whole(msgspec.json.decode(body)), shape)
    except msgspec.ValidationError as error:
        raise _invalid(_by_key(str(error)), "the body") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Failed(HTTPStatus.BAD_REQUEST, "body_broken", "the body is no JSON") from error


def _whole(given: Any) -> Any:
    """Return what JSON says with 12.0 as 12: a number without a fraction is an integer (JSON Schema, 6.1.1)."""
    if isinstance(given, dict):
        return {key: _whole(one) for key, one in given.items()}
    if isinstance(given, list):
        return [_whole(one) for one in given]
    return int(given) if isinstance(given, float) and given.is_integer() and abs(given) <= EXACT else given


def _value(texts: list[str], kind: Any) -> Any:
    if get_origin(kind) is list or get_origin(getattr(kind, "__origin__", None)) is list:
        return msgspec.convert(texts, kind)
    if len(texts) > 1:
        raise msgspec.ValidationError("is there more than once")
    return _read(texts[0], kind)


def _read(text: str, kind: Any) -> Any:
    """Return a text as what it has to be: texts stay so; numbers and booleans are written as in JSON."""
    try:
        return msgspec.convert(text, kind)
    except msgspec.ValidationError:
        if not _LITERAL.fullmatch(text):
            raise
        return msgspec.convert(msgspec.json.decode(text), kind)


def _name(text: str) -> str:
    if not text.isprintable() or len(text) > LONGEST_NAME:
        raise msgspec.ValidationError
    return text


def _by_key(text: str) -> dict[str, str]:
    """Return what msgspec says by the key that it says it of: `Expected ... - at `$.name``."""
    what, _, where = text.partition(" - at `$")
    return {where.rstrip("`").lstrip("."): what}


def _invalid(keys: dict[str, str], where: str) -> Failed:
    told = "; ".join(f"{key}: {text}".removeprefix(": ") for key, text in keys.items())
    return Failed(HTTPStatus.BAD_REQUEST, "invalid", f"{where} is not valid: {told}", keys)


def _too_large() -> Failed:
    return Failed(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_large", f"a body has at most {MOST_BYTES} bytes")
