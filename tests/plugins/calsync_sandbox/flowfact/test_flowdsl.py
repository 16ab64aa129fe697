from typing import Any

import pytest

from calsync_sandbox.flowfact.flowdsl import Compiler
from calsync_sandbox.flowfact.refusal import Refused

NOW = 1_780_000_000.0


def entity(name: str, schema: str = "appointments", **fields: Any) -> dict[str, Any]:
    wrapped = {field: {"values": values} for field, values in fields.items()}
    created = int(NOW * 1000) - 86_400_000 * len(fields)
    return {"id": name, "_metadata": {"schema": schema, "createdTimestamp": created}, "_acls": [], **wrapped}


ENTITIES = [
    entity("a", subject=["Besichtigung"], start=[100], end=[200]),
    entity("b", subject=["Notar"], start=[200], end=[300], people=["x", "y"]),
    entity("c", "termine_neu", note=[""], flag=[True], addresses=[{"city": "Köln"}, {"city": "Bonn"}, {}]),
    entity("d", "termine_neu", note=[], start=["2026-11-23T09:00:00"], end=["2026-11-23T10:00:00"]),
]


def compiler(*, metadata_filter: bool = True) -> Compiler:
    return Compiler({"appointments": "s1", "termine_neu": "s2"}, NOW, metadata_filter=metadata_filter)


def found(condition: Any) -> str:
    predicate = compiler().compile(condition)
    return "".join(one["id"] for one in ENTITIES if predicate(one))


def has(field: str, value: Any, operator: str | None = None) -> dict[str, Any]:
    condition = {"type": "hasFieldWithValue", "field": field, "value": value}
    return condition if operator is None else condition | {"operator": operator}


def overlapping(first: Any, last: Any) -> dict[str, Any]:
    span = {"from": first, "to": last}
    return {"type": "hasRangeOverlapping", "rangeStart": "start", "rangeEnd": "end", "value": span}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (has("subject", "Notar"), "b"),
        (has("people", "y"), "b"),
        (has("id", "c"), "c"),
        (has("_acls", "x"), ""),
        (has("_metadata.schema", "appointments"), "ab"),
        (has("_metadata.lastModifier", "x"), ""),
        (has("_metadata.createdTimestamp", 3, "OLDER_THAN_X_DAYS"), "b"),
        (has("addresses.city", "Bonn"), "c"),
        (has("addresses.city.name", "Bonn"), ""),
        (has("subject", "Notar", "NOT_EQUAL"), "acd"),
        ({"type": "entityId", "values": ["a", "d", "gone"]}, "ad"),
        ({"type": "schema", "values": ["termine_neu"]}, "cd"),
        ({"type": "schemaId", "values": ["s1"]}, "ab"),
        ({"type": "tagId", "values": ["t"]}, ""),
        ({"type": "hasTag", "name": "t"}, ""),
        ({"type": "hasField", "field": "note"}, "cd"),
        ({"type": "hasField", "field": "note", "alsoNotEmpty": True}, ""),
        ({"type": "hasField", "field": "flag", "alsoNotEmpty": True}, "c"),
        ({"type": "hasField", "field": "addresses.city"}, "c"),
        ({"type": "hasField", "field": "_metadata.createdTimestamp"}, "abcd"),
        ({"type": "HAS_FIELD", "field": "subject"}, "ab"),
        ({"type": "AND", "conditions": [has("start", 100), has("end", 200)]}, "a"),
        ({"type": "or", "conditions": [has("start", 100), has("start", 200)]}, "ab"),
        ({"type": "not", "conditions": [has("start", 100), has("start", 200)]}, "cd"),
        (overlapping(200, 250), "ab"),
        (overlapping(201, 250), "b"),
        (overlapping(301, 400), ""),
        (overlapping("2026-11-23T00:00:00", "2026-11-24T00:00:00"), "d"),
    ],
)
def test_what_a_condition_finds(condition: Any, expected: str) -> None:
    assert found(condition) == expected


@pytest.mark.parametrize(
    "condition",
    [
        "no object",
        {},
        {"type": "geoPolygon"},
        {"type": "entityId", "values": []},
        {"type": "entityId"},
        {"type": "and"},
        {"type": "hasField"},
        has("subject", "x", "SOUNDS_LIKE"),
        has("subject", "x") | {"joinField": ["y"]},
        {"type": "hasFieldWithValue", "field": "subject"},
        {"type": "hasRangeOverlapping", "rangeStart": "start", "rangeEnd": "end", "value": [1, 2]},
    ],
)
def test_what_is_not_understood_is_refused(condition: Any) -> None:
    with pytest.raises(Refused) as refused:
        compiler().compile(condition)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "condition",
    [
        has("_metadata.createdTimestamp", 1, "GREATER_EQUAL"),
        {"type": "hasField", "field": "_metadata.lastModifier"},
        {"type": "not", "conditions": [has("_metadata.creator", "x")]},
    ],
)
def test_metadata_may_be_closed_to_filters(condition: Any) -> None:
    with pytest.raises(Refused):
        compiler(metadata_filter=False).compile(condition)
    compiler(metadata_filter=False).compile({"type": "schema", "values": ["appointments"]})
