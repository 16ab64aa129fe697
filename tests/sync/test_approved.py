"""What is approved is told from what is not, line by line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from calsync.sync.approved import Approved, carried_out, deed, drift, plan_lines
from calsync.sync.model import Draft, Event, Observation, Side, Timed, Window
from calsync.sync.plan import Kind, Operation, Plan
from calsync.values import replace

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(days=90), NOW + timedelta(days=365))
MEETING = Event(summary="Notar", when=Timed(NOW, NOW + timedelta(hours=1)))
SOURCE = Observation(id="l1", event=MEETING, revision="1")
TARGET = Observation(id="r1", event=replace(MEETING, summary="alt"), revision="1")
DRAFT = Draft(summary="Notar", when=MEETING.when, description="", reminder=15)
CREATE = Operation(kind=Kind.CREATE, side=Side.RIGHT, reason="new", source=SOURCE, draft=DRAFT)
UPDATE = Operation(
    kind=Kind.UPDATE,
    side=Side.RIGHT,
    reason="changed",
    source=SOURCE,
    target=TARGET,
    changes={"summary": "Notar"},
)


def approved(*operations: Operation) -> Approved:
    plan = Plan(operations)
    calendars = {Side.LEFT: "left", Side.RIGHT: "right"}
    return Approved(hash=plan.hash, waits=None, window=WINDOW, calendars=calendars, lines=plan_lines(plan))


def moved(before: Approved, *operations: Operation) -> list[tuple[str, str]]:
    return [(each.what, each.line.reason) for each in drift(before, Plan(operations), WINDOW).moved]


def test_the_same_lines_in_another_order_and_with_other_revisions_are_no_drift() -> None:
    again = replace(UPDATE, source=replace(SOURCE, revision="9"), target=replace(TARGET, revision="9"))
    assert moved(approved(CREATE, UPDATE), again, CREATE) == []
    assert Plan((again, CREATE)).hash == approved(CREATE, UPDATE).hash


def test_what_was_added_is_gone_or_is_another_is_told_apart() -> None:
    other = replace(UPDATE, changes={"summary": "Notar verlegt"}, reason="overruled")
    assert moved(approved(CREATE), CREATE, UPDATE) == [("added", "changed")]
    assert moved(approved(CREATE, UPDATE), CREATE) == [("gone", "changed")]
    assert moved(approved(CREATE, UPDATE), CREATE, other) == [("changed", "overruled")]
    assert moved(approved(CREATE), CREATE, CREATE) == [("added", "new")]


@pytest.mark.parametrize("kind", [Kind.HOLD, Kind.BLOCK, Kind.LINK, Kind.PART, Kind.SLEEP, Kind.UNLINK])
def test_what_is_held_or_linked_counts_as_well(kind: Kind) -> None:
    assert moved(approved(CREATE), CREATE, replace(UPDATE, kind=kind)) == [("added", "changed")]


def test_what_is_skipped_does_not() -> None:
    skip = Operation(kind=Kind.SKIP, side=Side.LEFT, reason="series", source=SOURCE)
    assert moved(approved(CREATE), CREATE, skip) == []


@pytest.mark.parametrize(("days", "told"), [(0, False), (300, False), (366, True)])
def test_the_window_is_named_where_it_may_be_why(days: int, told: bool) -> None:
    at = NOW + timedelta(days=days)
    event = replace(MEETING, when=Timed(at, at + timedelta(hours=1)))
    later = Window(WINDOW.start + timedelta(days=2), WINDOW.end + timedelta(days=2))
    create = replace(CREATE, source=replace(SOURCE, event=event))
    assert drift(approved(), Plan((create,)), later).window is told


@pytest.mark.parametrize("reason", ["direction", "first_sync", "rebuild", "rebuild_conflict", "rebuild_orphan"])
def test_behind_a_confirmation_what_was_held_for_it_is_carried_out(reason: str) -> None:
    seen = replace(CREATE, kind=Kind.HOLD, wanted=Kind.CREATE, reason=reason)
    assert [*carried_out(Plan((CREATE, UPDATE)), Plan((seen,)))] == [CREATE]


@pytest.mark.parametrize("reason", ["brake_deletes", "rules", "conflict", "budget"])
def test_what_was_held_for_another_word_is_not(reason: str) -> None:
    seen = replace(CREATE, kind=Kind.HOLD, wanted=Kind.CREATE, reason=reason)
    assert [*carried_out(Plan((CREATE,)), Plan((seen,)))] == []


def test_other_values_are_another_deed_and_another_reason_is_not() -> None:
    assert deed(replace(UPDATE, reason="released")) == deed(UPDATE)
    assert deed(replace(UPDATE, changes={"summary": "x"})) != deed(UPDATE)
    assert deed(replace(UPDATE, kind=Kind.HOLD, wanted=Kind.UPDATE)) == deed(UPDATE)
    assert deed(replace(UPDATE, kind=Kind.HOLD, wanted=Kind.UPDATE, side=Side.LEFT)) != deed(UPDATE)
