"""What becomes of each field, as people see it before anything is written."""

from __future__ import annotations

from calsync.sync.changes import FieldChange, field_changes
from calsync.sync.choices import CONFLICT
from calsync.sync.model import FIELDS, Draft, Event, Observation, Side
from calsync.sync.plan import Kind, Operation
from calsync.values import replace


def test_an_update_tells_what_is_there_what_would_be_and_which_rule_made_it(agreed: Event) -> None:
    target = Observation(id="r1", event=replace(agreed, summary="alt"), revision="1")
    update = Operation(
        kind=Kind.UPDATE,
        side=Side.RIGHT,
        reason="changed",
        target=target,
        changes={"summary": "neu"},
        rules={"summary": "private_mask"},
    )
    assert field_changes(update) == [FieldChange(field="summary", old="alt", new="neu", rule="private_mask")]


def test_of_a_conflict_it_is_the_other_sides_value(agreed: Event) -> None:
    source = Observation(id="l1", event=replace(agreed, summary="links"), revision="1")
    target = Observation(id="r1", event=replace(agreed, summary="rechts"), revision="1")
    held = Operation(
        kind=Kind.HOLD,
        wanted=Kind.UPDATE,
        side=Side.RIGHT,
        reason=CONFLICT,
        source=source,
        target=target,
        changes={"summary": "?"},
    )
    assert field_changes(held) == [FieldChange(field="summary", old="rechts", new="links", rule=None)]


def test_a_create_begins_with_nothing_and_a_delete_ends_so(agreed: Event) -> None:
    draft = Draft(summary="neu", when=agreed.when, description="", reminder=None)
    create = Operation(kind=Kind.CREATE, side=Side.RIGHT, reason="new", draft=draft)
    assert {(one.old, one.new) for one in field_changes(create) if one.field == "summary"} == {(None, "neu")}
    there = Observation(id="r1", event=agreed, revision="1")
    delete = Operation(kind=Kind.DELETE, side=Side.RIGHT, reason="deleted", target=there)
    assert [(one.field, one.old, one.new) for one in field_changes(delete)] == [
        (name, agreed.value(name), None) for name in FIELDS
    ]


def test_what_writes_nothing_changes_nothing(agreed: Event) -> None:
    there = Observation(id="r1", event=agreed, revision="1")
    assert field_changes(Operation(kind=Kind.LINK, side=Side.RIGHT, reason="matched", target=there)) == ()
