"""Events without a link: linked to their twins, copied, or told why not."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.sync.model import FIELDS, Base, Direction, Event, Side, State, Timed
from calsync.sync.plan import Kind
from calsync.sync.rules import Block, Drop, Hold
from calsync.sync.view import Standing
from calsync.values import replace

if TYPE_CHECKING:
    from datetime import datetime

    from calsync.sync.rules import Verdict
    from tests.sync.conftest import Scene, Scripted

LEFT, RIGHT = Side.LEFT, Side.RIGHT
ONE_WAY = (Direction.LEFT_TO_RIGHT, Direction.RIGHT_TO_LEFT)


@pytest.mark.parametrize("side", Side)
def test_a_new_event_is_created_on_the_other_side(scene: Scene, agreed: Event, side: Side) -> None:
    scene.put(side, "new")
    create = scene.only()
    assert (create.kind, create.side, create.reason) == (Kind.CREATE, side.other, "new")
    assert (create.link, create.target) == (None, None)
    assert create.source is scene.seen[side]["new"].observation
    assert create.draft is not None
    assert create.draft.values() == {name: agreed.value(name) for name in FIELDS}


@pytest.mark.parametrize("unready", Side)
def test_nothing_is_new_before_both_sides_are_known_in_full(scene: Scene, agreed: Event, unready: Side) -> None:
    scene.put(LEFT, "l")
    scene.put(RIGHT, "r", replace(agreed, summary="Notar"))
    scene.put(LEFT, "s", replace(agreed, series=True))
    scene.ready[unready] = False
    assert scene.decided() == [(Kind.SKIP, LEFT, "series")]


@pytest.mark.parametrize("standing", [standing for standing in Standing if standing is not Standing.PRESENT])
def test_only_what_is_present_is_new(scene: Scene, standing: Standing) -> None:
    scene.put(LEFT, "l", standing=standing)
    assert scene.idle()


def test_what_an_open_create_may_have_made_is_neither_new_nor_matched(scene: Scene) -> None:
    scene.put(LEFT, "l")
    scene.put(RIGHT, "r")
    scene.waiting_events = frozenset({(LEFT, "l"), (RIGHT, "r")})
    assert scene.idle()


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"series": True}, "series"),
        ({"cancelled": True}, "cancelled"),
        ({"cancelled": True, "series": True}, "cancelled"),
    ],
)
def test_what_is_not_synced_is_skipped_with_its_reason(
    scene: Scene, agreed: Event, event: dict[str, Any], reason: str
) -> None:
    scene.put(LEFT, "l", replace(agreed, **event))
    scene.put(RIGHT, "r", replace(agreed, **event))
    assert scene.decided() == [(Kind.SKIP, LEFT, reason), (Kind.SKIP, RIGHT, reason)]


def test_what_a_rule_refuses_or_lies_outside_the_window_is_skipped(
    scene: Scene, agreed: Event, past: Timed, scripted: type[Scripted]
) -> None:
    scene.put(RIGHT, "r", replace(agreed, when=past))
    assert scene.decided() == [(Kind.SKIP, RIGHT, "outside_window")]
    scene.rules = (scripted(refuses="private"),)
    assert scene.decided() == [(Kind.SKIP, RIGHT, "private")]


@pytest.mark.parametrize("method", ["admit", "on_create"])
def test_a_rule_that_raises_holds_a_new_event(scene: Scene, scripted: type[Scripted], method: str) -> None:
    scene.rules = (scripted(fails_in=method),)
    scene.put(LEFT, "l")
    assert scene.decided() == [(Kind.HOLD, RIGHT, "rule_failed:scripted")]


@pytest.mark.parametrize(
    ("verdict", "kind"),
    [(Block("x"), Kind.BLOCK), (Hold("x"), Kind.HOLD), (Drop(frozenset({"description"}), "x"), Kind.HOLD)],
)
def test_a_guard_sees_what_is_created_and_can_prevent_it(
    scene: Scene, agreed: Event, scripted: type[Scripted], verdict: Verdict, kind: Kind
) -> None:
    guard = scripted(verdict=verdict)
    scene.rules = (guard,)
    scene.put(LEFT, "l")
    operation = scene.only()
    assert (operation.kind, operation.reason, operation.wanted) == (kind, "x", Kind.CREATE)
    assert guard.asked[0].target is None
    assert guard.asked[0].changes == {name: agreed.value(name) for name in FIELDS}


def test_a_private_event_is_created_masked(masked: Scene, agreed: Event) -> None:
    masked.put(LEFT, "l", replace(agreed, private=True))
    draft = masked.only().draft
    assert draft is not None
    assert (draft.summary, draft.description, draft.when) == ("Privat", "", agreed.when)


# Match-up. -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize(("notes", "reason"), [("Schlüssel", "matched"), ("anders", "linked_different")])
def test_twins_are_linked_and_nothing_is_written(
    scene: Scene, agreed: Event, direction: Direction, notes: str, reason: str
) -> None:
    scene.direction = direction
    left, right = scene.put(LEFT, "l"), scene.put(RIGHT, "r", replace(agreed, description=notes))
    link = scene.only()
    assert (link.kind, link.reason, link.state) == (Kind.LINK, reason, State.AWAKE)
    assert (link.source, link.target) == (left.observation, right.observation)
    assert link.bases == {LEFT: Base.of(left.observation.event, 1), RIGHT: Base.of(right.observation.event, 1)}


def test_another_time_or_summary_is_no_twin(scene: Scene, agreed: Event, later: Timed) -> None:
    scene.put(LEFT, "l")
    scene.put(RIGHT, "r1", replace(agreed, when=later))
    scene.put(RIGHT, "r2", replace(agreed, summary="Notar"))
    assert {(kind, reason) for kind, _, reason in scene.decided()} == {(Kind.CREATE, "new")}
    assert len(scene.decided()) == 3


def test_equal_numbers_are_linked_in_order_of_creation(scene: Scene, agreed: Event, now: datetime) -> None:
    for side, ids in ((LEFT, "bac"), (RIGHT, "yzx")):
        for age, event_id in enumerate(ids):
            created = None if age == 0 else now + timedelta(hours=age)
            scene.put(side, event_id, replace(agreed, created=created))
    linked = [
        (operation.source.id, operation.target.id)
        for operation in scene.plan().operations
        if operation.source and operation.target
    ]
    assert linked == [("b", "y"), ("a", "z"), ("c", "x")]


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize(("left", "right"), [(1, 2), (3, 1)])
def test_unequal_numbers_are_held_and_none_is_created(
    scene: Scene, agreed: Event, direction: Direction, left: int, right: int
) -> None:
    scene.direction = direction
    for number in range(left):
        scene.put(LEFT, f"l{number}")
    for number in range(right):
        scene.put(RIGHT, f"r{number}")
    scene.put(LEFT, "other", replace(agreed, series=True))
    decided = scene.decided()
    assert decided.count((Kind.HOLD, RIGHT, "ambiguous")) == left
    assert decided.count((Kind.HOLD, LEFT, "ambiguous")) == right
    assert len(decided) == left + right + 1


def test_hundreds_of_equal_events_of_one_side_are_all_new(scene: Scene) -> None:
    for number in range(300):
        scene.put(RIGHT, f"r{number}")
    assert scene.decided() == [(Kind.CREATE, LEFT, "new")] * 300


def test_linked_events_are_nobodys_twins(scene: Scene) -> None:
    scene.pair()
    scene.put(LEFT, "copy")
    assert scene.decided() == [(Kind.CREATE, RIGHT, "new")]


@pytest.mark.parametrize("direction", ONE_WAY)
def test_a_new_target_event_is_ignored_only_after_match_up(
    scene: Scene, agreed: Event, direction: Direction
) -> None:
    scene.direction = direction
    target = next(side for side in Side if direction.writes(side))
    scene.put(target, "t1")
    scene.put(target.other, "s1")
    scene.put(target, "t2", replace(agreed, summary="nur am Ziel"))
    scene.put(target.other, "s2", replace(agreed, summary="nur an der Quelle"))
    assert sorted(scene.decided()) == [
        (Kind.CREATE, target, "new"),
        (Kind.LINK, RIGHT, "matched"),
        (Kind.SKIP, target, "one_way"),
    ]
