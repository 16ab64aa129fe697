"""An undone create: the copy goes and is not made again, and no last event goes with it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from calsync.engine.notebook import LEASE_LIFE
from calsync.sync.model import State, Timed
from calsync.sync.plan import Kind
from calsync.values import replace
from tests.engine.undoing import last, link, plan_undo, skipped, subjects, undo

if TYPE_CHECKING:
    from calsync.sync.model import Event, Observation
    from tests.engine.conftest import World


async def test_a_copy_is_deleted_and_its_original_is_not_copied_again(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    await undo(world, ids=[await last(world)])
    assert subjects(world) == (["Besichtigung"], [])
    assert (await link(world)).reason == "undone"


async def test_a_copy_that_comes_out_of_the_trash_is_the_copy_again(world: World, meeting: Event) -> None:
    left = world.left.user_create(meeting)
    await world.settle()
    (right,) = world.right.events()
    await undo(world, ids=[await last(world)])
    world.right.user_restore(right)
    await world.settle()
    world.left.user_edit(left, summary="verschoben")
    await world.settle()
    assert subjects(world) == (["verschoben"], ["verschoben"])


async def test_the_last_one_is_not_deleted(world: World, meeting: Event) -> None:
    left = world.left.user_create(meeting)
    await world.settle()
    write = await last(world)
    world.left.user_delete(left)
    found = await plan_undo(world, ids=[write])
    assert skipped(found) == ["undo_alone"]


@pytest.mark.parametrize("lives", [0, 0.9, 40])
async def test_the_last_one_is_not_deleted_where_its_original_goes_behind_the_plan(
    world: World, meeting: Event, lives: float
) -> None:
    """At once, or while the process is frozen and nobody takes the account over."""
    for text in ("A", "B"):
        world.left.user_create(replace(meeting, summary=text))
    await world.settle()
    ids = [entry.id for entry in await world.store.ledger("anna", 100) if entry.id is not None]
    seen = await plan_undo(world, ids=ids)
    delete = world.right.delete

    async def slow(target: Observation) -> None:
        await delete(target)
        world.clock.advance(LEASE_LIFE.total_seconds() * lives)
        kept = {event.summary for event in world.right.events().values()}
        for event_id, event in list(world.left.events().items()):
            if event.summary in kept:
                world.left.user_delete(event_id)

    with patch.object(world.right, "delete", slow), patch("calsync.engine.carry.AT_ONCE", 1):
        await plan_undo(world, seen.plan.hash, ids=ids)
    texts = [event.summary for calendar in (world.left, world.right) for event in calendar.events().values()]
    assert sorted(texts) == ["A", "B"]


async def test_undone_deletes_hold_no_ordinary_one(world: World, meeting: Event) -> None:
    begun = world.clock.now()
    lefts = [world.left.user_create(replace(meeting, summary=f"T{number}")) for number in range(12)]
    await world.settle()
    ids = [entry.id for entry in await world.store.ledger("anna", 100) if entry.kind == Kind.CREATE][:10]
    assert begun
    await undo(world, ids=[each for each in ids if each is not None])
    assert len(world.right.events()) == 2
    copied = {event.summary for event in world.right.events().values()}
    gone = next(left for left in lefts if world.left.events()[left].summary in copied)
    world.left.user_delete(gone)
    await world.settle()
    assert len(world.right.events()) == 1


async def test_a_copy_that_is_back_is_not_copied_a_second_time(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    (right,) = world.right.events()
    await undo(world, ids=[await last(world)])
    world.right.user_restore(right)
    world.right.user_edit(right, summary="zurück")
    assert skipped(await plan_undo(world, ids=[await last(world)])) == ["undo_back"]


async def test_the_last_one_is_not_deleted_outside_the_window_either(world: World, meeting: Event) -> None:
    """Nothing tells there that its original was deleted."""
    begin = world.clock.now() - timedelta(days=88)
    left = world.left.user_create(replace(meeting, when=Timed(begin, begin + timedelta(hours=1))))
    await world.settle()
    write = await last(world)
    world.clock.advance(5 * 86400)
    await world.settle()
    assert (await link(world)).state is State.ASLEEP
    assert [each.kind for each in (await plan_undo(world, ids=[write])).plan.operations] == [Kind.DELETE]
    world.left.user_delete(left)
    assert skipped(await plan_undo(world, ids=[write])) == ["undo_alone"]
