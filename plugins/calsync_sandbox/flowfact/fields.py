"""Field values: what a schema takes. Every field is `{"values": [...]}`, single values too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync_sandbox.flowfact.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from calsync_sandbox.flowfact.schemas import SchemaV2

Fields = dict[str, dict[str, list[Any]]]

_TYPES: dict[str, type | tuple[type, ...]] = {
    "TEXT": str,
    "TEXTAREA": str,
    "CHECKBOX": bool,
    "DATE": (int, float, str),  # which of them a schema holds is not public
    "NUMBER": (int, float),
    "LIST": str,
    "SCHEMA": str,
    "USER": str,
}


def checked(body: Any, schema: SchemaV2, users: Collection[str], *, ignore_unknown: bool) -> Fields:
    """Return the fields of a request's body. Raises Refused (400) for what the schema does not take."""
    if not isinstance(body, dict):
        raise Refused(400, "the body is not an object")
    properties = schema["properties"]
    unknown = sorted(set(body) - set(properties))
    if unknown and not ignore_unknown:
        raise Refused(400, f"schema {schema['name']} has no field {unknown[0]!r}")
    return {
        name: {"values": _values(name, content, properties[name], users)}
        for name, content in body.items()
        if name in properties
    }


def wrapped(fields: Mapping[str, Any]) -> Fields:
    """Return plain values in the shape of the wire: a list as it is, None as empty, all else as one value."""
    return {name: {"values": _listed(value)} for name, value in fields.items()}


def _listed(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value)
    return [] if value is None else [value]


def _values(name: str, content: Any, declared: Mapping[str, Any], users: Collection[str]) -> list[Any]:
    values = content.get("values") if isinstance(content, dict) else None
    if not isinstance(values, list):
        raise Refused(400, f"field {name!r} is not an object with a list of values")
    if len(values) > 1 and not declared.get("hasMultipleValues"):
        raise Refused(400, f"field {name!r} takes one value")
    for value in values:
        _check(name, value, declared, users)
    return values


def _check(name: str, value: Any, declared: Mapping[str, Any], users: Collection[str]) -> None:
    kind = declared["type"]
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "CHECKBOX"):
        raise Refused(400, f"field {name!r} of type {kind} does not take a {type(value).__name__}")
    if kind == "LIST" and value not in declared["fields"]:
        raise Refused(400, f"field {name!r} does not list this value")
    if kind == "USER" and value not in users:
        raise Refused(400, f"field {name!r} names a user that does not exist")
