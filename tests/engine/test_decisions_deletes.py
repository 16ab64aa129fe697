"""Deletes that a person has released are carried out by the next run, and no other one goes along with them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.errors import Retry, UnknownOutcome
from calsync.sync.choices import Choice
from tests.engine.deciding import MANY, cases, held_deletes, partner, say, synced

if TYPE_CHECKING:
    from calsync.sync.model import Event
    from tests.engine.conftest import World


async def test_released_deletes_are_carried_out_by_the_next_run(world: World, meeting: Event) -> None:
    await held_deletes(world, meeting)
    assert await say(world, Choice.RELEASE) == MANY
    assert len(world.right.events()) == MANY + 2
    await world.run()
    assert len(world.right.events()) == 2
    assert await cases(world) == []
    assert await world.store.decisions.of("anna") == []
    ledger = await world.store.ledger("anna", MANY)
    assert {(entry.kind, entry.reason) for entry in ledger} == {("delete", "released")}
    await world.settle()


async def test_released_deletes_do_not_hold_the_next_ordinary_one(world: World, meeting: Event) -> None:
    ids = await synced(world, meeting, 14)
    for event_id in ids[:10]:
        world.left.user_delete(event_id)
    await world.run()
    await say(world, Choice.RELEASE)
    await world.run()
    world.left.user_delete(ids[10])
    await world.run()
    assert len(world.right.events()) == 3
    assert await cases(world) == []


async def test_a_slow_drip_behind_a_release_is_still_held(world: World, meeting: Event) -> None:
    ids = await synced(world, meeting, 24)
    for event_id in ids[:8]:
        world.left.user_delete(event_id)
    await world.run()
    await say(world, Choice.RELEASE)
    for event_id in ids[8:14]:
        await world.run()
        world.left.user_delete(event_id)
    await world.run()
    assert len(world.right.events()) == 24 - 8 - 5
    assert [case.reason for case in await cases(world)] == ["brake_deletes"]


async def test_the_rest_of_a_side_does_not_go_along_with_what_was_released(world: World, meeting: Event) -> None:
    ids = await held_deletes(world, meeting)
    await say(world, Choice.RELEASE)
    for event_id in set(world.left.events()) - set(ids):
        world.left.user_delete(event_id)
    await world.run()
    assert len(world.right.events()) == 2
    assert [case.decided for case in await cases(world)] == [None, None]


async def test_what_was_not_released_waits_on_and_keeps_the_batch_open(world: World, meeting: Event) -> None:
    ids = await held_deletes(world, meeting)
    first, *others = await cases(world)
    assert await say(world, Choice.RELEASE, *(case.name for case in others)) == MANY - 1
    await world.run()
    assert len(world.right.events()) == 3
    assert [case.name for case in await cases(world)] == [first.name]
    world.left.user_delete(next(each for each in world.left.events() if each not in ids))
    await world.run()
    assert len(await cases(world)) == 2


async def test_an_edit_of_the_other_side_undoes_a_release(world: World, meeting: Event) -> None:
    ids = await held_deletes(world, meeting)
    await say(world, Choice.RELEASE)
    copy = partner(world, world.left.rows.rows[ids[0]].event)
    world.right.user_edit(copy, description="doch noch gebraucht")
    await world.run()
    assert copy in world.right.events()
    await world.settle()
    assert len(world.right.events()) == len(world.left.events()) == 3


async def test_an_old_release_does_not_count_for_another_delete(world: World, meeting: Event) -> None:
    ids = await held_deletes(world, meeting)
    (case,) = [case for case in await cases(world) if case.is_named(ids[0])]
    await say(world, Choice.RELEASE, case.name)
    world.left.user_restore(ids[0])
    await world.run()
    world.left.user_delete(ids[0])
    await world.run()
    assert len(world.right.events()) == MANY + 2
    assert {case.decided for case in await cases(world)} == {None}


async def test_a_restored_event_that_is_seen_just_before_the_write_is_not_deleted(
    world: World, meeting: Event
) -> None:
    ids = await held_deletes(world, meeting)
    await say(world, Choice.RELEASE)
    world.left.behaviour.lag = timedelta(days=1)
    world.left.user_restore(ids[0])
    await world.run()
    assert len(world.right.events()) == 3


async def test_a_moved_revision_without_an_edit_does_not_undo_a_release(world: World, meeting: Event) -> None:
    ids = await held_deletes(world, meeting)
    await say(world, Choice.RELEASE)
    copy = partner(world, world.left.rows.rows[ids[0]].event)
    world.right.user_edit(copy)
    await world.run()
    assert len(world.right.events()) == 2


@pytest.mark.parametrize("after", [False, True])
async def test_a_released_delete_of_unknown_outcome_is_carried_out_once(
    world: World, meeting: Event, after: bool
) -> None:
    await held_deletes(world, meeting)
    await say(world, Choice.RELEASE)
    world.right.faults.add("delete", lambda: UnknownOutcome("lost"), times=3, after=after)
    await world.run()
    await world.settle()
    assert len(world.right.events()) == 2
    assert await cases(world) == []
    assert await world.store.decisions.of("anna") == []


async def test_a_released_delete_goes_on_when_its_server_is_back(world: World, meeting: Event) -> None:
    await held_deletes(world, meeting)
    await say(world, Choice.RELEASE)
    world.right.faults.add("delete", lambda: Retry("down"), times=MANY)
    with pytest.raises(Retry):
        await world.run()
    assert {case.decided for case in await cases(world)} == {Choice.RELEASE}
    world.clock.advance(3600)
    await world.run()
    assert len(world.right.events()) == 2


async def test_a_release_does_not_lift_a_block(world: World, meeting: Event) -> None:
    ids = await held_deletes(world, meeting)
    copy = partner(world, world.left.rows.rows[ids[0]].event)
    await say(world, Choice.RELEASE)
    world.right.user_edit(copy, attendee_count=2)
    await world.run()
    assert list(world.right.events()).count(copy) == 1
    assert world.right.mails == 0
