"""`first_sync: ask`: of an account that was never synced nothing is written before a person has confirmed it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from calsync.engine import Engine
from calsync.sync.model import Direction, Side
from calsync.sync.plan import Kind
from calsync.values import replace

if TYPE_CHECKING:
    from calsync.engine import Report
    from calsync.sync.model import Event
    from tests.engine.conftest import World


@pytest.fixture
def asking(world: World) -> World:
    world.settings["first_sync"] = "ask"
    return world


def held(report: Report) -> list[tuple[str, str, str | None]]:
    return sorted((one.side, one.reason, one.wanted) for one in report.plan.operations if one.kind is Kind.HOLD)


async def confirm(world: World, plan_hash: str) -> str | None:
    world.clock.advance(1)
    engine = Engine(world.store, world.runs, world.clock, random.Random(1), "person")
    problem: str | None = (await engine.confirm(world.account(), plan_hash)).problem
    return problem


async def test_nothing_is_written_before_a_person_has_confirmed(asking: World, meeting: Event) -> None:
    asking.left.user_create(meeting)
    asking.right.user_create(replace(meeting, summary="Rückruf"))
    for _ in range(3):
        report = await asking.run()
        assert held(report) == [("left", "first_sync", "create"), ("right", "first_sync", "create")]
        assert report.rebuild == "first_sync"
    assert asking.left.writes() == asking.right.writes() == []
    assert await confirm(asking, report.plan.hash) is None
    await asking.settle()
    assert len(asking.left.events()) == len(asking.right.events()) == 2
    assert (await asking.run()).rebuild is None


async def test_what_both_sides_have_is_linked_meanwhile(asking: World, meeting: Event) -> None:
    asking.left.user_create(meeting)
    asking.right.user_create(meeting)
    await asking.run()
    report = await asking.run()
    assert report.plan.operations == ()
    assert report.notices == {(Kind.HOLD, side, "first_sync"): 1 for side in Side}
    assert await confirm(asking, report.plan.hash) is None
    asking.left.user_edit(next(iter(asking.left.events())), summary="Rückruf")
    await asking.settle()
    assert [event.summary for event in asking.right.events().values()] == ["Rückruf"]


async def test_another_plan_is_not_confirmed(asking: World, meeting: Event) -> None:
    asking.left.user_create(meeting)
    report = await asking.run()
    asking.left.user_create(replace(meeting, summary="Rückruf"))
    assert "look at it again" in (await confirm(asking, report.plan.hash) or "")
    await asking.settle()
    assert asking.right.writes() == []


async def test_an_account_that_was_synced_before_does_not_ask(world: World, meeting: Event) -> None:
    await world.run()
    world.settings["first_sync"] = "ask"
    world.left.user_create(meeting)
    await world.settle()
    assert len(world.right.events()) == 1


async def test_a_direction_that_is_turned_later_has_its_own_reason(asking: World, meeting: Event) -> None:
    asking.settings["direction"] = Direction.LEFT_TO_RIGHT
    asking.left.user_create(meeting)
    report = await asking.run()
    assert held(report) == [("right", "first_sync", "create")]
    assert await confirm(asking, report.plan.hash) is None
    await asking.settle()
    asking.settings["direction"] = Direction.BOTH
    asking.right.user_create(replace(meeting, summary="Rückruf"))
    assert held(await asking.run()) == [("left", "direction", "create")]
