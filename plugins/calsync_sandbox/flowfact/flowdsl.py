"""FLOWDSL conditions: from JSON to a predicate. What is not known is refused, so that no client relies on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from calsync_sandbox.flowfact.operators import OPERATORS
from calsync_sandbox.flowfact.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync_sandbox.flowfact.entities import Entity

Predicate = Callable[["Entity"], bool]
Condition = dict[str, Any]


def values_at(entity: Entity, path: str) -> list[Any]:
    """Return the values at a dotted path: `subject`, `_metadata.creator`, `addresses.city`, `id`."""
    name, _, rest = path.partition(".")
    content = entity.get(name)
    if isinstance(content, dict) and "values" in content:
        found: list[Any] = content["values"]
    else:
        found = [] if content is None else [content]
    for key in rest.split(".") if rest else ():
        found = [value[key] for value in found if isinstance(value, dict) and value.get(key) is not None]
    return found


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
        kind = str(condition.get("type")).replace("_", "").lower()
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
        if condition.get("alsoNotEmpty"):
            return lambda entity: any(value not in ("", None) for value in values_at(entity, path))
        name = path.partition(".")[0]
        return lambda entity: name in entity and (name == path or bool(values_at(entity, path)))

    def _has_value(self, condition: Condition) -> Predicate:
        path, name = self._path(condition, "field"), condition.get("operator", "EQUALS")
        if name not in OPERATORS or "value" not in condition:
            raise Refused(400, f"operator {name!r} is not supported, or the value is missing")
        test = OPERATORS[name](condition["value"], self._now)
        if name == "NOT_EQUAL":
            return lambda entity: all(test(value) for value in values_at(entity, path))
        return _any_value(path, test)

    def _overlapping(self, condition: Condition) -> Predicate:
        start, end = self._path(condition, "rangeStart"), self._path(condition, "rangeEnd")
        span = condition.get("value")
        if not isinstance(span, dict) or not {"from", "to"} <= set(span):
            raise Refused(400, "hasRangeOverlapping needs a value with from and to")
        begins = OPERATORS["LESS_EQUAL"](span["to"], self._now)
        ends = OPERATORS["GREATER_EQUAL"](span["from"], self._now)
        first, second = _any_value(start, begins), _any_value(end, ends)
        return lambda entity: first(entity) and second(entity)

    def _path(self, condition: Condition, key: str) -> str:
        path = condition.get(key)
        if not isinstance(path, str) or not path:
            raise Refused(400, f"a condition lacks its {key}")
        if path.startswith("_metadata") and not self._metadata_filter:
            raise Refused(400, f"field {path!r} cannot be filtered")
        return path


def _any_value(path: str, test: Callable[[Any], bool]) -> Predicate:
    """Test a path; a plain field takes the short way, because searches go over thousands of entities."""
    if path == "id" or path.startswith("_") or "." in path:
        return lambda entity: any(map(test, values_at(entity, path)))

    def found(entity: Entity) -> bool:
        content = entity.get(path)
        return content is not None and any(map(test, content["values"]))

    return found


def _listed(condition: Condition) -> frozenset[str]:
    values = condition.get("values")
    if not isinstance(values, list) or not values:
        raise Refused(400, f"condition {condition['type']!r} needs a list of values that is not empty")
    return frozenset(map(str, values))


def _untagged(condition: Condition) -> Predicate:
    """No entity of the sandbox bears a tag."""
    del condition
    return lambda _: False
