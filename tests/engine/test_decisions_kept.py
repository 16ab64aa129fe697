"""Deletes that a person does not want: what is kept stays, and is no delete any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.choices import Choice
from calsync.sync.model import State
from calsync.values import replace
from tests.engine.deciding import MANY, cases, held_deletes, partner, say

if TYPE_CHECKING:
    from calsync.sync.model import Event
    from tests.engine.conftest import World


async def test_a_batch_closes_when_all_of_it_is_kept(world: World, meeting: Event) -> None:
    await held_deletes(world, meeting)
    await say(world, Choice.KEEP)
    await world.run()
    world.left.user_delete(next(iter(world.left.events())))
    await world.settle()
    assert len(world.right.events()) == MANY + 1
    assert await cases(world) == []


async def test_what_is_kept_stays_and_is_deleted_never(world: World, meeting: Event) -> None:
    await held_deletes(world, meeting)
    await say(world, Choice.KEEP)
    for _ in range(3):
        world.clock.advance(2 * 86400)
        await world.settle()
    assert len(world.right.events()) == MANY + 2
    assert len(world.left.events()) == 2
    assert await cases(world) == []


async def test_what_is_kept_stays_so_under_a_new_id(world: World, meeting: Event) -> None:
    ids = [world.left.user_create(replace(meeting, summary=f"Termin {number}")) for number in range(3)]
    await world.settle()
    for event_id in ids:
        world.left.user_delete(event_id)
    await world.run()
    assert await say(world, Choice.KEEP) == 3
    await world.run()
    for event_id, event in world.right.events().items():
        marker = world.right.rows.rows[event_id].marker
        world.right.user_purge(event_id)
        world.right.rows.add(event, by_us=False, marker=marker)
    world.clock.advance(86400)
    await world.settle()
    assert len(world.right.events()) == 3
    links = (await world.store.load("anna", world.clock.now())).links.values()
    assert {(link.state, link.reason) for link in links} == {(State.PARTED, "kept")}


async def test_a_kept_pair_goes_on_when_its_original_comes_back(world: World, meeting: Event) -> None:
    ids = await held_deletes(world, meeting)
    await say(world, Choice.KEEP)
    await world.run()
    world.left.user_restore(ids[0])
    world.left.user_edit(ids[0], summary="wieder da")
    await world.settle()
    assert "wieder da" in {event.summary for event in world.right.events().values()}
    assert len(world.left.events()) == 3


async def test_what_is_blocked_when_it_is_kept_is_not_deleted_when_the_block_is_over(
    world: World, meeting: Event
) -> None:
    ids = await held_deletes(world, meeting)
    copy = partner(world, world.left.rows.rows[ids[0]].event)
    await say(world, Choice.KEEP)
    world.right.user_edit(copy, attendee_count=2)
    await world.run()
    world.right.user_edit(copy, attendee_count=0)
    await world.settle()
    assert copy in world.right.events()
