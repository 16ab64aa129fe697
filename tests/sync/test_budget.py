"""What exceeds an account's budget of an hour or a day waits; a first sync is as large as it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.sync.brakes import BUDGET
from calsync.sync.budget import DAILY, HOURLY, NOTHING, Spent, Tries, hold_excess
from calsync.sync.model import Side
from calsync.sync.plan import Kind
from tests.sync.conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.sync.view import Seen
    from tests.sync.conftest import Scene

NO_FAILURES: Mapping[tuple[Side, str], datetime] = {}
BEFORE = 0
"""The run of the ledger's oldest entry where all events of a scene are seen later."""


def new(scene: Scene) -> Seen:
    """Enter an event that no link names."""
    return scene.put(Side.LEFT, f"new{len(scene.seen[Side.LEFT])}")


def kinds(
    scene: Scene, spent: Spent, begun: int = BEFORE, due: Mapping[tuple[Side, str], datetime] = NO_FAILURES
) -> list[tuple[Kind, str]]:
    plan = hold_excess(scene.plan(), scene.view(), spent, begun, Tries(due=due, now=NOW))
    return [(operation.kind, operation.reason) for operation in plan.operations]


@pytest.mark.parametrize(
    ("spent", "passing"),
    [
        (NOTHING, 3),
        (Spent(hour=HOURLY - 3, day=HOURLY - 3), 3),
        (Spent(hour=HOURLY - 2, day=HOURLY - 2), 2),
        (Spent(hour=HOURLY, day=HOURLY), 0),
        (Spent(hour=HOURLY + 50, day=HOURLY + 50), 0),
        (Spent(hour=0, day=DAILY - 1), 1),
        (Spent(hour=0, day=DAILY), 0),
    ],
)
def test_what_neither_the_hour_nor_the_day_covers_waits(scene: Scene, spent: Spent, passing: int) -> None:
    for _ in range(3):
        new(scene)
    assert kinds(scene, spent) == [(Kind.CREATE, "new")] * passing + [(Kind.HOLD, BUDGET)] * (3 - passing)


def test_a_first_sync_is_as_large_as_it_is(scene: Scene) -> None:
    for _ in range(5_000):
        new(scene)
    (first_run,) = {seen.first_run for seen in scene.view().seen[Side.LEFT].values()}
    assert kinds(scene, NOTHING, begun=first_run) == [(Kind.CREATE, "new")] * 5_000
    assert kinds(scene, NOTHING, begun=first_run - 1).count((Kind.HOLD, BUDGET)) == 5_000 - HOURLY


def test_edits_go_before_what_is_new(scene: Scene) -> None:
    new(scene)
    scene.pair(left={"summary": "Neu"})
    assert kinds(scene, Spent(hour=HOURLY - 1, day=HOURLY - 1)) == [(Kind.UPDATE, "changed"), (Kind.HOLD, BUDGET)]


def test_a_large_account_has_a_larger_one(scene: Scene) -> None:
    for _ in range(5 * HOURLY + 5):
        scene.pair()
    new(scene)
    assert kinds(scene, Spent(hour=HOURLY, day=HOURLY)) == [(Kind.CREATE, "new")]
    assert kinds(scene, Spent(hour=HOURLY + 1, day=HOURLY + 1)) == [(Kind.HOLD, BUDGET)]


def test_what_is_not_tried_now_spends_nothing(scene: Scene) -> None:
    failing = new(scene)
    new(scene)
    due = {(Side.RIGHT, failing.observation.id): NOW + timedelta(minutes=1)}
    assert kinds(scene, Spent(hour=HOURLY - 1, day=HOURLY - 1), due=due) == [(Kind.CREATE, "new")] * 2


def test_what_fails_again_and_again_takes_nothing_from_others(scene: Scene) -> None:
    failing, _ = new(scene), new(scene)
    due = {(Side.RIGHT, failing.observation.id): NOW}
    spent = Spent(hour=HOURLY - 1, day=HOURLY - 1)
    assert kinds(scene, spent, due=due) == [(Kind.HOLD, BUDGET), (Kind.CREATE, "new")]


def test_of_what_failed_that_comes_first_which_waits_longest(scene: Scene) -> None:
    due = {(Side.RIGHT, new(scene).observation.id): NOW - timedelta(hours=hours) for hours in (1, 3, 2)}
    spent = Spent(hour=HOURLY - 1, day=HOURLY - 1)
    assert [kind for kind, _ in kinds(scene, spent, due=due)] == [Kind.HOLD, Kind.CREATE, Kind.HOLD]
