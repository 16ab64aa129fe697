import json
from pathlib import Path
from typing import Any

import pytest

from calsync_sandbox.graph.schema import Schema

TYPES: dict[str, Any] = {
    "microsoft.graph.entity": {
        "kind": "EntityType",
        "base": None,
        "props": {"id": {"type": "Edm.String", "null": False}},
        "nav": {},
    },
    "microsoft.graph.event": {
        "kind": "EntityType",
        "base": "microsoft.graph.entity",
        "props": {
            "subject": {"type": "Edm.String", "null": True},
            "isAllDay": {"type": "Edm.Boolean", "null": True},
            "minutes": {"type": "Edm.Int32", "null": False},
            "rate": {"type": "Edm.Double", "null": True},
            "created": {"type": "Edm.DateTimeOffset", "null": True},
            "day": {"type": "Edm.Date", "null": True},
            "showAs": {"type": "microsoft.graph.freeBusyStatus", "null": True},
            "start": {"type": "microsoft.graph.dateTimeTimeZone", "null": True},
            "categories": {"type": "Collection(Edm.String)", "null": True},
            "missing": {"type": "microsoft.graph.leftOut", "null": True},
        },
        "nav": {"instances": "Collection(graph.event)"},
    },
    "microsoft.graph.freeBusyStatus": {"kind": "EnumType", "members": ["free", "busy"]},
    "microsoft.graph.dateTimeTimeZone": {
        "kind": "ComplexType",
        "base": None,
        "props": {
            "dateTime": {"type": "Edm.String", "null": False},
            "timeZone": {"type": "Edm.String", "null": True},
        },
        "nav": {},
    },
}
GOOD: dict[str, Any] = {
    "@odata.etag": 'W/"x"',
    "id": "1",
    "uid": "allowed although the metadata lacks it",
    "subject": None,
    "isAllDay": False,
    "minutes": 15,
    "rate": 1,
    "created": "2026-03-02T09:00:00.1234567Z",
    "day": "2026-03-02",
    "showAs": "free",
    "start": {"dateTime": "2026-03-02T09:00:00.0000000", "timeZone": "UTC"},
    "categories": ["a"],
    "missing": {"any": "thing"},
    "instances": [{"id": "2"}],
}


@pytest.fixture
def schema(tmp_path: Path) -> Schema:
    path = tmp_path / "schema.json"
    path.write_text(json.dumps({"types": TYPES, "operations": []}))
    return Schema(path)


def test_a_true_event_is_clean(schema: Schema) -> None:
    assert schema.problems("event", GOOD) == []
    assert schema.problems("[event]", {"@odata.nextLink": "x", "value": [GOOD, GOOD]}) == []


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("color", "blue", "event: unknown property color"),
        ("subject", 5, "event.subject: not a string"),
        ("isAllDay", "false", "event.isAllDay: not a boolean"),
        ("minutes", True, "event.minutes: not an integer"),
        ("minutes", None, "event.minutes: null"),
        ("rate", "1", "event.rate: not a number"),
        ("created", "2026-03-02T09:00:00", "event.created: not a date and time with an offset"),
        ("day", "2.3.2026", "event.day: not a date"),
        ("showAs", "Free", "event.showAs: not a member of its enumeration"),
        (
            "start",
            {"dateTime": "2026-03-02T09:00:00"},
            "event.start.dateTime: not a date and time with seven decimals",
        ),
        ("start", "2026-03-02", "event.start: not an object"),
        ("categories", "a", "event.categories: not a list"),
        ("categories", [1], "event.categories[0]: not a string"),
        ("instances", [{"id": None}], "event.instances[0].id: null"),
    ],
)
def test_every_kind_of_problem_is_named(schema: Schema, name: str, value: Any, problem: str) -> None:
    assert schema.problems("event", GOOD | {name: value}) == [problem]


def test_pages(schema: Schema) -> None:
    assert schema.problems("[event]", []) == ["a page needs a list in 'value'"]
    assert schema.problems("[event]", {"value": [{"id": 1}], "count": 1}) == [
        "page: unknown property count",
        "value[0].id: not a string",
    ]
