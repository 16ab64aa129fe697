"""How a person undoes writes, and what is there afterwards, for the tests of undoing."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from calsync.engine import Engine, Report
from calsync.records import Selection
from calsync.sync.model import Side
from calsync.sync.plan import Kind
from calsync.values import replace

if TYPE_CHECKING:
    from calsync.engine import Undone
    from calsync.sync.model import Event, Link
    from tests.engine.conftest import World

LEFT, RIGHT = Side.LEFT, Side.RIGHT


async def plan_undo(world: World, plan_hash: str | None = None, **selection: Any) -> Undone:
    """Say what would be undone, or undo it."""
    world.clock.advance(1)
    engine = Engine(world.store, world.runs, world.clock, random.Random(2), "test")
    return await engine.undo(world.account(), Selection(**selection), Report(), plan_hash)


async def undo(world: World, **selection: Any) -> Undone:
    """Undo what a person saw, and prove that nothing follows from it."""
    seen = await plan_undo(world, **selection)
    assert seen.problem is None
    found = await plan_undo(world, seen.plan.hash, **selection)
    assert found.problem is None
    await at_rest(world)
    return found


async def deleted_one(world: World, meeting: Event) -> str:
    """Have a user delete one of two originals, and calsync its copy; return its id."""
    left: str = world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    world.left.user_delete(left)
    await world.settle()
    return left


async def at_rest(world: World) -> None:
    """Prove that what was undone is neither done again nor copied."""
    before = len(world.left.writes()) + len(world.right.writes())
    for _ in range(3):
        await world.run()
        world.left.drop_tokens()
        world.right.drop_tokens()
    assert len(world.left.writes()) + len(world.right.writes()) == before


async def last(world: World) -> int:
    """Return the number of the last write."""
    entries = [entry for entry in await world.store.ledger("anna", 100) if entry.kind in set(Kind)]
    writes = [entry for entry in entries if entry.kind in {Kind.CREATE, Kind.UPDATE, Kind.DELETE}]
    assert writes[-1].id is not None
    return writes[-1].id


async def link(world: World) -> Link:
    (found,) = (await world.store.load("anna", world.clock.now())).links.values()
    return found


def skipped(found: Undone) -> list[str]:
    return [operation.reason for operation in found.plan.operations if operation.kind is Kind.SKIP]


def subjects(world: World) -> tuple[list[str], list[str]]:
    left, right = world.both()
    return [event.summary for event in left], [event.summary for event in right]
