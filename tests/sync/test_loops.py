"""What is written again and again waits; what a person edits does not, however often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from calsync.sync.loops import DAY, MEMORY, REPEATS, UPDATES, Past, Rewrite, hold_loops
from calsync.sync.model import Side
from calsync.sync.plan import Kind
from calsync.sync.view import Standing
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.sync.conftest import Scene

NOW = datetime(2026, 3, 10, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HELD = (Kind.HOLD, Side.RIGHT, "loop:summary")
OFTEN = (Kind.HOLD, Side.RIGHT, "changed_often")
WRITTEN = (Kind.UPDATE, Side.RIGHT, "changed")


def rewrite(ago: timedelta, before: str, after: str, side: Side = Side.RIGHT) -> Rewrite:
    return Rewrite(at=NOW - ago, side=side, before={"summary": before}, after={"summary": after})


def put_back(times: int, last: timedelta = MINUTE, every: timedelta = MINUTE) -> list[Rewrite]:
    """Return the updates that replaced "Besichtigung", which each time came back by itself."""
    return [rewrite(last + every * number, "Besichtigung", "neu") for number in reversed(range(times))]


def decided(scene: Scene, updates: Sequence[Rewrite] = (), **past: Any) -> list[tuple[Kind, Side, str]]:
    held = hold_loops(scene.plan(), Past(now=NOW, updates={1: updates}, **past))
    return [(operation.kind, operation.side, operation.reason) for operation in held.operations]


@pytest.fixture
def edited(scene: Scene) -> Scene:
    """A pair whose title is to be written on the right, where it is "Besichtigung"."""
    scene.pair(left={"summary": "neu"})
    return scene


@pytest.mark.parametrize(("times", "decision"), [(0, WRITTEN), (REPEATS - 1, WRITTEN), (REPEATS, HELD)])
def test_a_value_that_came_back_by_itself_is_replaced_four_times(
    edited: Scene, times: int, decision: tuple[Kind, Side, str]
) -> None:
    assert decided(edited, put_back(times)) == [decision]


def test_what_is_held_keeps_what_it_was(edited: Scene) -> None:
    (update,) = edited.plan().operations
    (held,) = hold_loops(edited.plan(), Past(now=NOW, updates={1: put_back(REPEATS)})).operations
    assert held == replace(update, kind=Kind.HOLD, reason="loop:summary", wanted=Kind.UPDATE)


def test_a_person_who_changes_one_side_to_and_fro_is_no_loop(edited: Scene) -> None:
    """Calsync brought each of these values to the right, so none came back by itself."""
    values = ["Besichtigung", "neu"] * 5 + ["Besichtigung"]
    pairs = pairwise(values)
    updates = [rewrite(MINUTE * (10 - number), *pair) for number, pair in enumerate(pairs)]
    assert len(updates) == UPDATES - 2
    assert decided(edited, updates) == [WRITTEN]


def test_other_values_other_sides_and_other_links_do_not_count(edited: Scene) -> None:
    others = [replace(one, before={"summary": "etwas anderes"}) for one in put_back(REPEATS)]
    assert decided(edited, others) == [WRITTEN]
    assert decided(edited, [replace(one, side=Side.LEFT) for one in put_back(REPEATS)]) == [WRITTEN]
    past = Past(now=NOW, updates={2: put_back(REPEATS)})
    assert hold_loops(edited.plan(), past) == edited.plan()


def test_a_loop_is_tried_once_a_day_for_a_week(edited: Scene) -> None:
    assert decided(edited, put_back(REPEATS, last=DAY - MINUTE)) == [HELD]
    burst = put_back(REPEATS, last=DAY)
    assert decided(edited, burst) == [WRITTEN]
    assert decided(edited, [*burst, rewrite(MINUTE, "Besichtigung", "neu")]) == [HELD]
    old = put_back(REPEATS, last=MEMORY - DAY)
    assert decided(edited, [*old, rewrite(MINUTE, "Besichtigung", "neu")]) == [HELD]


def test_what_comes_back_once_a_day_is_no_loop(edited: Scene) -> None:
    assert decided(edited, put_back(6, every=DAY)) == [WRITTEN]


def test_the_other_fields_go_on(scene: Scene, agreed: Any, later: Any) -> None:
    scene.pair(left={"summary": "neu", "when": later, "description": "Tor klemmt"})
    held = hold_loops(scene.plan(), Past(now=NOW, updates={1: put_back(REPEATS)}))
    assert [(operation.kind, operation.fields) for operation in held.operations] == [
        (Kind.UPDATE, ("when", "description")),
        (Kind.HOLD, ("summary",)),
    ]


def test_a_text_that_grows_each_time_ends_at_the_rate(edited: Scene) -> None:
    texts = ["Besichtigung" + "!" * number for number in range(UPDATES + 1)]
    sides = (Side.LEFT, Side.RIGHT)
    updates = [
        rewrite(MINUTE * (UPDATES - number), before, after, sides[number % 2])
        for number, (before, after) in enumerate(pairwise(texts))
    ]
    assert decided(edited, updates[1:]) == [WRITTEN]
    assert decided(edited, updates) == [OFTEN]
    yesterday = [replace(updates[0], at=NOW - DAY), *updates[1:]]
    assert decided(edited, yesterday) == [WRITTEN]


def test_the_rate_holds_the_whole_update_and_blames_no_program(scene: Scene) -> None:
    """A person who edits one side thirteen times is held, too, and must not be told of a server."""
    scene.pair(left={"summary": "neu", "description": "Tor klemmt"})
    notes = [
        Rewrite(at=NOW - MINUTE, side=Side.RIGHT, before={"description": str(n)}, after={"description": ""})
        for n in range(UPDATES)
    ]
    (held,) = hold_loops(scene.plan(), Past(now=NOW, updates={1: notes})).operations
    assert (held.kind, held.reason, held.fields) == (Kind.HOLD, "changed_often", ("summary", "description"))


def test_a_value_that_came_back_is_a_loop_also_at_the_rate(edited: Scene) -> None:
    others = [rewrite(MINUTE, str(number), "") for number in range(UPDATES)]
    assert decided(edited, [*others, *put_back(REPEATS, last=MINUTE)]) == [HELD]


@pytest.mark.parametrize(
    ("times", "last", "kind"),
    [
        (REPEATS - 1, MINUTE, Kind.CREATE),
        (REPEATS, MINUTE, Kind.HOLD),
        (REPEATS, DAY - MINUTE * 2, Kind.HOLD),
        (REPEATS, DAY, Kind.CREATE),
    ],
)
def test_a_source_is_copied_four_times_a_day(
    scene: Scene, agreed: Any, times: int, last: timedelta, kind: Kind
) -> None:
    scene.put(Side.LEFT, "l1", agreed)
    scene.put(Side.LEFT, "l2", replace(agreed, summary="anderer"))
    creates = {(Side.RIGHT, "l1"): [NOW - last - MINUTE * number for number in reversed(range(times))]}
    plan = hold_loops(scene.plan(), Past(now=NOW, creates=creates))
    assert [operation.kind for operation in plan.operations] == [kind, Kind.CREATE]
    assert plan.operations[0].reason == ("loop:create" if kind is Kind.HOLD else "new")


def test_deletes_are_left_to_the_brake(scene: Scene) -> None:
    scene.pair(gone={Side.LEFT: Standing.DELETED})
    assert decided(scene, put_back(UPDATES)) == [(Kind.DELETE, Side.RIGHT, "deleted")]
