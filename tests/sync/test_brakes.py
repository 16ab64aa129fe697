"""Implausibly many deletes or rewrites wait for a person; everything else goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.sync.brakes import DELETES, DIRECTION, REWRITES, brake, hold_unconfirmed
from calsync.sync.model import Side, State
from calsync.sync.plan import Kind, Operation, Plan
from calsync.sync.rules import Block
from calsync.sync.view import Standing
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.sync.conftest import Scene, Scripted

NONE_LATELY = dict.fromkeys(Side, 0)
LEFT_DELETED = {Side.LEFT: Standing.DELETED}


def braked(
    scene: Scene, lately: Mapping[Side, int] = NONE_LATELY, batches: frozenset[str] = frozenset()
) -> dict[tuple[Kind, str], int]:
    """Return how many operations of each kind and reason a braked plan has."""
    plan = brake(scene.plan(), scene.view(), lately, batches)
    counts: dict[tuple[Kind, str], int] = {}
    for operation in plan.operations:
        counts[operation.kind, operation.reason] = counts.get((operation.kind, operation.reason), 0) + 1
    return counts


@pytest.mark.parametrize(("before", "held"), [(8, False), (9, True)])
def test_rewrites_of_earlier_plans_of_the_run_count_once(scene: Scene, before: int, held: bool) -> None:
    for _ in range(12):
        scene.pair({"summary": "neu"})
    again = {(Side.RIGHT, "right1"), (Side.RIGHT, "right2")}
    rewritten = again | {(Side.LEFT, f"before{number}") for number in range(before)}
    plan = brake(scene.plan(), scene.view(), NONE_LATELY, frozenset(), rewritten)
    assert {each.kind for each in plan.operations} == {Kind.HOLD if held else Kind.UPDATE}


def delete(scene: Scene, deleted: int, present: int) -> None:
    for _ in range(deleted):
        scene.pair(gone=LEFT_DELETED)
    for _ in range(present):
        scene.pair()


@pytest.mark.parametrize(
    ("deleted", "present", "held"),
    [
        (5, 3, False),  # not more than 5
        (6, 3, True),
        (6, 24, False),  # 20 % of 30
        (7, 23, True),
        (20, 80, False),
        (21, 79, True),
        (1, 0, False),  # the only one
        (2, 0, True),  # all of them
        (2, 1, False),
    ],
)
def test_deletes_are_held_above_five_above_a_fifth_or_when_all_are_gone(
    scene: Scene, deleted: int, present: int, held: bool
) -> None:
    delete(scene, deleted, present)
    expected = (Kind.HOLD, DELETES) if held else (Kind.DELETE, "deleted")
    assert braked(scene) == {expected: deleted}


@pytest.mark.parametrize(
    ("lately", "held"),
    [
        ({Side.LEFT: 0, Side.RIGHT: 4}, False),
        ({Side.LEFT: 0, Side.RIGHT: 5}, True),
        ({Side.LEFT: 5, Side.RIGHT: 0}, True),
    ],
)
def test_deletes_of_the_last_24_hours_count(scene: Scene, lately: Mapping[Side, int], held: bool) -> None:
    delete(scene, 1, 9)
    assert braked(scene, lately) == {(Kind.HOLD, DELETES) if held else (Kind.DELETE, "deleted"): 1}


def test_the_last_one_after_all_others_is_held(scene: Scene) -> None:
    delete(scene, 1, 0)
    assert braked(scene, {Side.LEFT: 0, Side.RIGHT: 1}) == {(Kind.HOLD, DELETES): 1}
    assert braked(scene, {Side.LEFT: 1, Side.RIGHT: 0}) == {(Kind.DELETE, "deleted"): 1}


def test_all_of_one_side_are_held_although_a_sleeping_one_is_among_them(scene: Scene) -> None:
    delete(scene, 2, 0)
    scene.pair(gone=LEFT_DELETED, state=State.ASLEEP, reason="window")
    assert braked(scene) == {(Kind.WAKE, "window"): 1, (Kind.HOLD, DELETES): 3}


def test_deletes_that_are_blocked_count_but_stay_blocked(scene: Scene, scripted: type[Scripted]) -> None:
    delete(scene, 6, 0)
    plan = scene.plan()
    scene.rules = (scripted(verdict=Block("has_attendees")),)
    blocked = scene.plan().operations
    mixed = Plan((*blocked[:5], plan.operations[5]))
    held = brake(mixed, scene.view(), NONE_LATELY, frozenset())
    assert [operation.kind for operation in held.operations] == [Kind.BLOCK] * 5 + [Kind.HOLD]


@pytest.mark.parametrize(
    ("edited", "present", "held"), [(20, 0, False), (21, 0, True), (25, 100, False), (26, 100, True)]
)
def test_rewrites_are_held_above_twenty_and_a_fifth(scene: Scene, edited: int, present: int, held: bool) -> None:
    for _ in range(edited):
        scene.pair(left={"summary": "neu"})
    for _ in range(present):
        scene.pair()
    assert braked(scene) == {(Kind.HOLD, REWRITES) if held else (Kind.UPDATE, "changed"): edited}


def test_one_brake_leaves_everything_else_alone(scene: Scene) -> None:
    delete(scene, 6, 0)
    scene.pair(right={"summary": "neu"})
    scene.put(Side.LEFT, "new", scene.seen[Side.LEFT]["left1"].observation.event)
    assert braked(scene) == {(Kind.HOLD, DELETES): 6, (Kind.UPDATE, "changed"): 1, (Kind.CREATE, "new"): 1}


@pytest.mark.parametrize(
    ("batch", "expected"),
    [
        (DELETES, {(Kind.HOLD, DELETES): 1, (Kind.UPDATE, "changed"): 1}),
        (REWRITES, {(Kind.DELETE, "deleted"): 1, (Kind.HOLD, REWRITES): 1}),
    ],
)
def test_while_a_batch_is_open_further_ones_join_it(
    scene: Scene, batch: str, expected: dict[tuple[Kind, str], int]
) -> None:
    delete(scene, 1, 5)
    scene.pair(left={"summary": "neu"})
    assert braked(scene, batches=frozenset({batch})) == expected


def test_a_held_operation_keeps_what_it_was(scene: Scene) -> None:
    delete(scene, 2, 0)
    plan = scene.plan()
    held = brake(plan, scene.view(), NONE_LATELY, frozenset())
    for before, after in zip(plan.operations, held.operations, strict=True):
        assert isinstance(after, Operation)
        assert (after.wanted, after.target, after.link) == (Kind.DELETE, before.target, before.link)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("side", list(Side))
def test_every_write_to_a_side_that_nobody_has_confirmed_is_held_and_nothing_else(side: Side, kind: Kind) -> None:
    planned = Operation(kind=kind, side=side, reason="changed")
    (operation,) = hold_unconfirmed(Plan((planned,)), {Side.LEFT}, DIRECTION).operations
    if side is Side.LEFT and kind in ("create", "update", "delete"):
        assert operation == replace(planned, kind=Kind.HOLD, reason=DIRECTION, wanted=kind)
    else:
        assert operation is planned
