"""A leave that is undone, also a broken one, brings its copies back, and none beside another one."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from calsync.engine import Engine, Report
from calsync.errors import Retry
from calsync.records import Selection
from calsync.values import replace
from tests.engine.leaving import RIGHT, come_back, leave, left, state, subjects

if TYPE_CHECKING:
    from calsync.sync.model import Event
    from tests.engine.conftest import World


async def undo(world: World, run: int) -> None:
    engine = Engine(world.store, world.runs, world.clock, random.Random(5), "test")
    seen = await engine.undo(world.account(), Selection(run=run), Report())
    done = await engine.undo(world.account(), Selection(run=run), Report(), seen.plan.hash)
    assert done.problem is None


async def test_the_undo_of_a_leave_brings_the_copies_back(world: World, meeting: Event) -> None:
    original = world.left.user_create(meeting)
    await world.settle()
    await left(world, RIGHT)
    await undo(world, (await state(world)).run)
    assert subjects(world) == (["Besichtigung"], ["Besichtigung"])
    assert (await world.store.settings.get("anna")).off
    await come_back(world)
    world.left.user_edit(original, summary="verschoben")
    await world.settle()
    assert subjects(world) == (["verschoben"], ["verschoben"])


async def test_the_undo_of_a_broken_leave_brings_the_copies_back(world: World, meeting: Event) -> None:
    original = world.left.user_create(meeting)
    world.right.user_create(replace(meeting, summary="von rechts"))
    await world.settle()
    world.left.faults.add("unmark", lambda: Retry("busy"))
    with pytest.raises(Retry):
        await leave(world, RIGHT)
    await undo(world, (await state(world)).run)
    await world.store.settings.set_enabled("anna", True, "test", world.clock.now())
    await world.settle()
    world.left.user_edit(original, summary="Anders")
    await world.settle()
    assert subjects(world) == (["Anders", "von rechts"],) * 2


async def test_a_copy_is_not_brought_back_beside_another_one(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    await left(world, RIGHT)
    run = (await state(world)).run
    await come_back(world)
    await undo(world, run)
    assert subjects(world) == (["Besichtigung"], ["Besichtigung"])
