"""FLOWDSL conditions: from JSON to a predicate. What is not known is refused, so that no client relies on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from calsync_sandbox.flowfact.operators import OPERATORS
from calsync_sandbox.flowfact.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync_sandbox.flowfact.entities import Entity

Predicate = Callable[["Entity"], bool]
Condition = dict[str, Any]


def reader(path: str) -> Callable[[Entity], Sequence[Any]]:
    """Return what reads the values at a dotted path: `subject`, `_metadata.creator`, `addresses.city`, `id`.

    Plain fields and metadata take a short way, because searches go over thousands of entities.
    """
    name, *keys = path.split(".")
    if name == "_metadata" and len(keys) == 1:
        key = keys[0]
        return lambda entity: () if (value := entity[name].get(key)) is None else (value,)
    if name == "id" and not keys:
        return lambda entity: (entity[name],)
    if not keys:
        return lambda entity: _values(entity, name)
    return lambda entity: _values_below(_values(entity, name), keys)


def _values(entity: Entity, name: str) -> Sequence[Any]:
    """Return a field's values. The server's own parts (`_acls`, ...) are lists without `values`: none."""
    content = entity.get(name)
    return content.get("values", ()) if isinstance(content, dict) else ()


def _values_below(values: Sequence[Any], keys: list[str]) -> Sequence[Any]:
    for key in keys:
        values = [value[key] for value in values if isinstance(value, dict) and value.get(key) is not None]
    return values


def equal_text(condition: Condition) -> tuple[str, str] | None:
    """Return the field and the text that it must hold by a condition that is right; None for another condition."""
    path, value = condition.get("field"), condition.get("value")
    equals = _kind(condition) == "hasfieldwithvalue" and condition.get("operator", "EQUALS") == "EQUALS"
    if equals and isinstance(path, str) and isinstance(value, str) and "." not in path and path != "id":
        return path, value
    return None


def _kind(condition: Condition) -> str:
    return str(condition.get("type")).replace("_", "").lower()


class Compiler:
    """Turns conditions into predicates, at one instant."""

    def __init__(self, schema_ids: Mapping[str, str], now: float, *, metadata_filter: bool) -> None:
        """`schema_ids` are ids by name, `now` is in epoch seconds."""
        self._schema_ids = schema_ids
        self._now = now
        self._metadata_filter = metadata_filter
        self._kinds: dict[str, Callable[[Condition], Predicate]] = {
            "and": self._and,
            "or": self._or,
            "not": self._not,
            "entityid": self._entity_id,
            "schema": self._schema,
            "schemaid": self._schema_id,
            "tagid": _untagged,
            "hastag": _untagged,
            "hasfield": self._has_field,
            "hasfieldwithvalue": self._has_value,
            "hasrangeoverlapping": self._overlapping,
        }

    def compile(self, condition: Any) -> Predicate:
        """Return the predicate of one condition. Raises Refused (400)."""
        if not isinstance(condition, dict):
            raise Refused(400, "a condition is not an object")
        kind = _kind(condition)
        if kind not in self._kinds or "joinField" in condition:
            raise Refused(400, f"condition {condition.get('type')!r} is not supported")
        return self._kinds[kind](condition)

    def compile_all(self, conditions: Any) -> list[Predicate]:
        if not isinstance(conditions, list):
            raise Refused(400, "conditions are not a list")
        return [self.compile(condition) for condition in conditions]

    def _and(self, condition: Condition) -> Predicate:
        parts = self.compile_all(condition.get("conditions"))
        return lambda entity: all(part(entity) for part in parts)

    def _or(self, condition: Condition) -> Predicate:
        parts = self.compile_all(condition.get("conditions"))
        return lambda entity: any(part(entity) for part in parts)

    def _not(self, condition: Condition) -> Predicate:
        parts = self.compile_all(condition.get("conditions"))
        return lambda entity: not any(part(entity) for part in parts)

    def _entity_id(self, condition: Condition) -> Predicate:
        ids = _listed(condition)
        return lambda entity: entity["id"] in ids

    def _schema(self, condition: Condition) -> Predicate:
        names = _listed(condition)
        return lambda entity: entity["_metadata"]["schema"] in names

    def _schema_id(self, condition: Condition) -> Predicate:
        ids = _listed(condition)
        names = {name for name, schema_id in self._schema_ids.items() if schema_id in ids}
        return lambda entity: entity["_metadata"]["schema"] in names

    def _has_field(self, condition: Condition) -> Predicate:
        path = self._path(condition, "field")
        values = reader(path)
        if condition.get("alsoNotEmpty"):
            return lambda entity: any(value not in ("", None) for value in values(entity))
        return lambda entity: path in entity or bool(values(entity))

    def _has_value(self, condition: Condition) -> Predicate:
        path, name = self._path(condition, "field"), condition.get("operator", "EQUALS")
        if name not in OPERATORS or "value" not in condition:
            raise Refused(400, f"operator {name!r} is not supported, or the value is missing")
        values, test = reader(path), OPERATORS[name](condition["value"], self._now)
        if name == "NOT_EQUAL":
            return lambda entity: all(map(test, values(entity)))
        return lambda entity: any(map(test, values(entity)))

    def _overlapping(self, condition: Condition) -> Predicate:
        start, end = self._path(condition, "rangeStart"), self._path(condition, "rangeEnd")
        span = condition.get("value")
        if not isinstance(span, dict) or not {"from", "to"} <= set(span):
            raise Refused(400, "hasRangeOverlapping needs a value with from and to")
        begins = OPERATORS["LESS_EQUAL"](span["to"], self._now)
        ends = OPERATORS["GREATER_EQUAL"](span["from"], self._now)
        starts, stops = reader(start), reader(end)
        return lambda entity: any(map(begins, starts(entity))) and any(map(ends, stops(entity)))

    def _path(self, condition: Condition, key: str) -> str:
        path = condition.get(key)
        if not isinstance(path, str) or not path:
            raise Refused(400, f"a condition lacks its {key}")
        if path.startswith("_metadata") and not self._metadata_filter:
            raise Refused(400, f"field {path!r} cannot be filtered")
        return path


def _listed(condition: Condition) -> frozenset[str]:
    values = condition.get("values")
    if not isinstance(values, list) or not values:
        raise Refused(400, f"condition {condition['type']!r} needs a list of values that is not empty")
    return frozenset(map(str, values))


def _untagged(condition: Condition) -> Predicate:
    """No entity of the sandbox bears a tag."""
    del condition
    return lambda _: False
