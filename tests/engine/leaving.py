"""How a person has an account leave, and what is there afterwards, for the tests of leaving."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.engine import Engine, Leaving, Report
from calsync.sync.model import Side
from calsync.sync.plan import Kind

if TYPE_CHECKING:
    from calsync.records import AccountState
    from tests.engine.conftest import World

LEFT, RIGHT = Side


async def plan_leave(world: World, remove: Side | None = None, plan_hash: str | None = None) -> Leaving:
    """Say what leaving would do, or leave."""
    world.clock.advance(1)
    engine = Engine(world.store, world.runs, world.clock, random.Random(3), "test")
    return await engine.leave(world.account(), remove, "test", Report(), plan_hash)


async def leave(world: World, remove: Side | None = None) -> Leaving:
    seen = await plan_leave(world, remove)
    assert seen.problem is None
    return await plan_leave(world, remove, seen.hash)


async def left(world: World, remove: Side | None = None) -> Leaving:
    """Leave, and prove that it has come to its end."""
    found = await leave(world, remove)
    assert found.problem is None
    return found


async def come_back(world: World) -> None:
    """Switch the account on, and confirm its first plan."""
    await world.store.settings.set_enabled("anna", True, "test", world.clock.now())
    await world.run()
    engine = Engine(world.store, world.runs, world.clock, random.Random(4), "test")
    await engine.confirm(world.account(), (await world.run(write=False)).plan.hash)
    await world.settle()


async def state(world: World) -> AccountState:
    return await world.store.load("anna", world.clock.now() - timedelta(days=1))


def subjects(world: World) -> tuple[list[str], list[str]]:
    on_left, on_right = world.both()
    return [event.summary for event in on_left], [event.summary for event in on_right]


def stays(found: Leaving) -> list[str]:
    return [each.reason for each in found.plan.operations if each.kind is Kind.SKIP]


def markers(world: World) -> list[str]:
    return [*world.left.markers().values(), *world.right.markers().values()]
