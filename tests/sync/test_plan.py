"""A plan's hash names what a person saw."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from calsync.sync.model import FIELDS, AllDay, Draft, Event, Observation, Side
from calsync.sync.plan import WRITES, Kind, Operation, Plan, render_value
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable


def operation(event: Event) -> Operation:
    source = Observation(id="l1", event=event, revision="1")
    target = Observation(id="r1", event=event, revision="1")
    return Operation(
        kind=Kind.UPDATE, side=Side.RIGHT, reason="changed", source=source, target=target, changes={"summary": "x"}
    )


def create(event: Event) -> Operation:
    draft = Draft(summary=event.summary, when=event.when, description=event.description, reminder=15)
    source = Observation(id="l1", event=event, revision="1")
    return Operation(kind=Kind.CREATE, side=Side.RIGHT, reason="new", source=source, draft=draft)


def test_only_three_kinds_write() -> None:
    assert {"create", "update", "delete"} == WRITES


def test_the_fields_of_an_operation(agreed: Event) -> None:
    update = operation(agreed)
    assert update.fields == ("summary",)
    assert replace(update, changes={"description": "", "summary": ""}).fields == ("summary", "description")
    assert create(agreed).fields == FIELDS
    assert replace(create(agreed), kind=Kind.HOLD, wanted=Kind.CREATE).fields == FIELDS


def test_attempts_are_counted_for_the_target_or_else_the_source(agreed: Event) -> None:
    assert operation(agreed).event_id == "r1"
    assert create(agreed).event_id == "l1"
    assert Operation(kind=Kind.SKIP, side=Side.LEFT, reason="x").event_id is None


def test_the_hash_does_not_depend_on_the_order(agreed: Event) -> None:
    one, two = operation(agreed), create(agreed)
    assert Plan((one, two)).hash == Plan((two, one)).hash
    assert Plan((one,)).hash != Plan((one, one)).hash


@pytest.mark.parametrize(
    "change",
    [
        lambda seen: replace(seen, kind=Kind.HOLD),
        lambda seen: replace(seen, side=Side.LEFT),
        lambda seen: replace(seen, reason="conflict"),
        lambda seen: replace(seen, changes={"summary": "y"}),
        lambda seen: replace(seen, changes={"description": "x"}),
        lambda seen: replace(seen, target=None),
        lambda seen: replace(seen, source=replace(seen.source, id="l9")),
        lambda seen: replace(seen, source=replace(seen.source, event=replace(seen.source.event, summary="y"))),
        lambda seen: replace(seen, source=replace(seen.source, event=replace(seen.source.event, private=True))),
    ],
)
def test_the_hash_names_what_a_person_saw(agreed: Event, change: Callable[[Operation], Operation]) -> None:
    seen = operation(agreed)
    assert Plan((change(seen),)).hash != Plan((seen,)).hash


def test_the_hash_names_no_revision_and_nothing_that_is_skipped(agreed: Event) -> None:
    seen = operation(agreed)
    assert seen.source is not None
    moved = replace(seen, source=replace(seen.source, revision="2"))
    skipped = Operation(kind=Kind.SKIP, side=Side.LEFT, reason="series", source=seen.source)
    assert Plan((moved, skipped)).hash == Plan((seen,)).hash


def test_the_hash_of_a_create_names_its_draft(agreed: Event) -> None:
    seen = create(agreed)
    assert seen.draft is not None
    for other in (replace(seen.draft, summary="y"), replace(seen.draft, reminder=None)):
        assert Plan((replace(seen, draft=other),)).hash != Plan((seen,)).hash


def test_values_are_rendered_as_text(agreed: Event) -> None:
    assert render_value(agreed.when) == "2026-03-02T08:00:00+00:00/2026-03-02T09:00:00+00:00"
    assert render_value(AllDay(date(2026, 3, 2), date(2026, 3, 4))) == "2026-03-02/2026-03-04"
    assert render_value("Notar") == "Notar"
