"""I15: undoing gives back what was there before, and touches nothing that somebody has touched since."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from calsync.errors import SwitchedOff
from calsync.sync.model import Direction
from calsync.sync.plan import Kind
from calsync.values import replace
from tests.engine.undoing import deleted_one, last, plan_undo, skipped, subjects, undo

if TYPE_CHECKING:
    from calsync.sync.model import Event, Observation
    from tests.engine.conftest import World


async def test_undoing_is_undone(world: World, meeting: Event) -> None:
    left = world.left.user_create(meeting)
    await world.settle()
    await undo(world, ids=[await last(world)])
    seen = await plan_undo(world, ids=[await last(world)])
    assert (await plan_undo(world, seen.plan.hash, ids=[await last(world)])).problem is None
    await world.settle()
    assert subjects(world) == (["Besichtigung"], ["Besichtigung"])
    world.left.user_edit(left, summary="A")
    await world.settle()
    await undo(world, ids=[await last(world)])
    assert subjects(world) == (["A"], ["Besichtigung"])
    await undo(world, ids=[await last(world)])
    assert subjects(world) == (["A"], ["A"])


async def test_a_run_that_made_and_deleted_one_is_nothing(world: World, meeting: Event) -> None:
    begun = world.clock.now()
    await deleted_one(world, meeting)
    found = await undo(world, since=begun)
    assert [operation.kind for operation in found.plan.operations] == [Kind.DELETE]
    assert subjects(world) == (["anderer"], [])


async def test_a_changed_plan_is_refused(world: World, meeting: Event) -> None:
    left = world.left.user_create(meeting)
    await world.settle()
    world.left.user_edit(left, summary="A")
    await world.settle()
    write = await last(world)
    seen = await plan_undo(world, ids=[write])
    (right,) = world.right.events()
    world.right.user_edit(right, description="neu")
    found = await plan_undo(world, seen.plan.hash, ids=[write])
    assert found.problem is not None
    assert "look at it again" in found.problem
    assert subjects(world) == (["A"], ["A"])


async def test_an_account_that_is_off_can_be_undone(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    await world.store.settings.set_enabled("anna", False, "Anna", world.clock.now())
    write = await last(world)
    seen = await plan_undo(world, ids=[write])
    assert (await plan_undo(world, seen.plan.hash, ids=[write])).problem is None
    assert subjects(world) == (["Besichtigung"], [])


async def test_a_side_that_is_only_read_is_not_written(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    write = await last(world)
    world.settings["direction"] = Direction.RIGHT_TO_LEFT
    assert skipped(await plan_undo(world, ids=[write])) == ["undo_read_only"]


async def test_who_switches_the_account_off_meanwhile_stops_it(world: World, meeting: Event) -> None:
    for text in ("A", "B"):
        world.left.user_create(replace(meeting, summary=text))
    await world.settle()
    entries = [entry for entry in await world.store.ledger("anna", 100) if entry.kind == Kind.CREATE]
    ids = [entry.id for entry in entries if entry.id is not None]
    seen = await plan_undo(world, ids=ids)
    delete = world.right.delete

    async def switching_off(target: Observation) -> None:
        await world.store.settings.set_enabled("anna", False, "Anna", world.clock.now())
        await delete(target)

    with (
        patch.object(world.right, "delete", switching_off),
        patch("calsync.engine.carry.AT_ONCE", 1),
        pytest.raises(SwitchedOff),
    ):
        await plan_undo(world, seen.plan.hash, ids=ids)
    assert len(world.right.events()) == 1


async def test_a_side_that_no_person_has_confirmed_is_not_written(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    write = await last(world)
    world.settings["direction"] = Direction.RIGHT_TO_LEFT
    await world.run()
    world.settings["direction"] = Direction.BOTH
    (held,) = (await plan_undo(world, ids=[write])).plan.operations
    assert (held.kind, held.reason) == (Kind.HOLD, "direction")
