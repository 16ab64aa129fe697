"""What was read of a tenant's changes is told as it was shown, and takes little memory until then."""

from __future__ import annotations

import json
import tracemalloc
import uuid
from typing import TYPE_CHECKING

import pytest

from calsync_flowfact.entity import Buried
from calsync_flowfact.log import LIKE, MOST, Log

if TYPE_CHECKING:
    from calsync_flowfact.entity import Entity

ANNA = "457ccb8e-28ec-45e4-b74c-3422f8c43215"


def shown(event_id: str, **fields: object) -> Entity:
    times = {"createdTimestamp": 1_796_000_000_000, "timestamp": 1_796_000_000_000}
    return {
        "id": event_id,
        "_metadata": {"id": event_id, "schema": "appointments", "creator": ANNA, **times},
        "_refs": [{"id": ANNA, "uri": f"/users/{ANNA}", "type": "user", "relation": "creator"}],
        "assignee": {"values": [ANNA]},
        "start_date": {"values": [1_796_083_320_000]},
        "end_date": {"values": [1_796_086_920_000]},
        "subject": {"values": ["Besichtigung"]},
        "message": {"values": ["Schlüssel beim Hausmeister"]},
        **fields,
    }


@pytest.mark.parametrize("text", ["Grüße", "half of an emoji: \ud83d", "", '"quoted"\n'])
def test_an_appointment_is_told_as_it_was_shown(text: str) -> None:
    log, entity = Log("assignee"), shown("one", message={"values": [text, 1.5, None, True, 2**70]})
    log.add([entity], 1)
    (change,) = log.after(0)
    assert change.entity == entity
    assert change.owners == (ANNA,)


def test_of_a_long_first_appointment_only_what_helps_to_pack_others_is_kept() -> None:
    log, entities = Log("assignee"), [shown("one", message={"values": ["ü" * 1_000_000]}), shown("two")]
    log.add(entities, 1)
    assert [change.entity for change in log.after(0)] == entities
    assert all(len(change.like) <= LIKE for change in log.after(0))


def test_what_is_shown_again_is_no_change_but_another_version_is() -> None:
    log, entity = Log("assignee"), shown("one")
    log.add([entity], 1)
    log.add([entity], 2)
    assert log.after(1) == []
    entity["_metadata"]["lastModifiedTimestamp"] = 1_796_000_000_001
    log.add([entity], 3)
    assert [(change.id, change.seq) for change in log.after(0)] == [("one", 3)]


def test_a_deletion_is_no_appointment() -> None:
    log = Log("assignee")
    log.bury([Buried("one", deleted=2, created=1, owners=None)], 1)
    (change,) = log.after(0)
    assert change.entity is None


def test_what_is_shown_behind_its_deletion_is_told_with_it() -> None:
    log = Log("assignee")
    log.bury([Buried("one", deleted=1_796_000_000_001, created=1_796_000_000_000, owners=None)], 1)
    log.add([shown("one"), shown("two")], 2)
    assert [(change.id, change.entity is None) for change in log.after(1)] == [
        ("one", False),
        ("one", True),
        ("two", False),
    ]
    late = log.where(lambda change: change.created > 0)
    assert [(change.id, change.entity is None) for change in late] == [
        ("one", False),
        ("one", True),
        ("two", False),
    ]


def test_what_came_back_and_was_changed_since_is_told_without_its_deletion() -> None:
    log, entity = Log("assignee"), shown("one")
    log.bury([Buried("one", deleted=1_796_000_000_001, created=1_796_000_000_000, owners=None)], 1)
    entity["_metadata"]["lastModifiedTimestamp"] = 1_796_000_000_002
    log.add([entity], 2)
    assert [change.entity for change in log.after(1)] == [entity]
    assert [change.entity for change in log.where(lambda change: change.modified > 0)] == [entity]


def test_all_changes_that_are_kept_take_some_ten_megabytes() -> None:
    text = [json.dumps(shown(str(uuid.uuid4()))) for _ in range(1000)]
    tracemalloc.start()
    log = Log("assignee")
    for one in text:
        log.add([json.loads(one)], 1)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used / len(text) * MOST < 20e6
