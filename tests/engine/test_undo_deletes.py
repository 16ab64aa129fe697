"""An undone delete: the event is created anew, stays alone, and is never there twice."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.sync.model import Timed
from calsync.sync.plan import Kind
from calsync.values import replace
from tests.engine.undoing import LEFT, RIGHT, at_rest, deleted_one, last, plan_undo, skipped, subjects, undo

if TYPE_CHECKING:
    from calsync.sync.model import Event
    from tests.engine.conftest import World


async def test_what_was_deleted_is_created_anew_and_stays_alone(world: World, meeting: Event) -> None:
    await deleted_one(world, meeting)
    write = await last(world)
    await undo(world, ids=[write])
    assert subjects(world) == (["anderer"], ["Besichtigung", "anderer"])
    assert world.both()[1][0].description == "Schlüssel"
    assert skipped(await undo(world, ids=[write])) == ["undo_done"]


async def test_who_takes_the_original_out_of_the_trash_later_gets_no_second_copy(
    world: World, meeting: Event
) -> None:
    left = await deleted_one(world, meeting)
    await undo(world, ids=[await last(world)])
    world.left.user_restore(left)
    await world.settle()
    assert subjects(world) == (["Besichtigung", "anderer"],) * 2
    world.left.user_edit(left, summary="B")
    await world.settle()
    assert subjects(world) == (["B", "anderer"],) * 2


async def test_what_differs_when_the_original_is_back_is_told(world: World, meeting: Event) -> None:
    """Both stay as they are; when one of them is deleted later, the ledger holds what went with it."""
    left = await deleted_one(world, meeting)
    await undo(world, ids=[await last(world)])
    world.left.user_restore(left)
    world.left.user_edit(left, summary="B")
    await world.settle()
    assert subjects(world) == (["B", "anderer"], ["Besichtigung", "anderer"])
    told = {each.side: each.after for each in await world.store.ledger("anna", 100) if each.kind == "rebase"}
    assert {side: values["summary"] for side, values in told.items()} == {LEFT: "B", RIGHT: "Besichtigung"}


async def test_who_took_it_out_of_the_trash_just_before_gets_no_second_copy_when_that_is_told(
    world: World, meeting: Event
) -> None:
    right = world.right.user_create(meeting)
    world.right.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    (left,) = (each for each, event in world.left.events().items() if event.summary == meeting.summary)
    world.left.user_delete(left)
    await world.settle()
    assert right not in world.right.events()
    chosen = [entry.id for entry in await world.store.ledger("anna", 100) if entry.kind in ("create", "delete")]
    world.left.behaviour.lag = timedelta(minutes=2)
    world.clock.advance(300)
    world.left.user_restore(left)
    seen = await plan_undo(world, ids=[chosen[-1]])
    await plan_undo(world, seen.plan.hash, ids=[chosen[-1]])
    assert subjects(world) == (["Besichtigung", "anderer"],) * 2
    world.clock.advance(300)
    await world.settle()
    await at_rest(world)
    assert subjects(world) == (["Besichtigung", "anderer"],) * 2


async def test_what_is_there_again_is_not_created_twice(world: World, meeting: Event) -> None:
    left = await deleted_one(world, meeting)
    write = await last(world)
    world.left.user_restore(left)
    await world.settle()
    assert skipped(await undo(world, ids=[write])) == ["undo_back"]
    assert subjects(world) == (["Besichtigung", "anderer"],) * 2


async def test_a_private_event_is_not_created_for_all_to_read(world: World, meeting: Event) -> None:
    left = world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    (right,) = (each for each, event in world.right.events().items() if event.summary == meeting.summary)
    world.right.user_edit(right, private=True)
    await world.settle()
    world.left.user_delete(left)
    await world.settle()
    assert skipped(await undo(world, ids=[await last(world)])) == ["undo_private"]


async def test_a_deleted_one_that_was_created_anew_is_deleted_again(world: World, meeting: Event) -> None:
    await deleted_one(world, meeting)
    await undo(world, ids=[await last(world)])
    await undo(world, ids=[await last(world)])
    assert subjects(world) == (["anderer"], ["anderer"])


async def test_a_cancelled_partner_does_not_take_with_it_what_was_created_anew(
    world: World, meeting: Event
) -> None:
    left = world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    world.left.user_edit(left, cancelled=True)
    await world.settle()
    await undo(world, ids=[await last(world)])
    assert subjects(world)[1] == ["Besichtigung", "anderer"]


async def test_an_account_goes_on_where_the_partner_of_what_was_deleted_has_a_copy_whose_delete_waits(
    world: World, meeting: Event
) -> None:
    left = await deleted_one(world, meeting)
    write = await last(world)
    world.left.user_restore(left)
    await world.settle()
    (copy,) = (each for each, event in world.right.events().items() if event.summary == meeting.summary)
    world.right.user_edit(copy, attendee_count=2)
    world.left.user_delete(left)
    await world.settle()
    assert skipped(await undo(world, ids=[write])) == ["undo_back"]


async def test_who_lost_two_copies_one_after_the_other_gets_one(world: World, meeting: Event) -> None:
    left = await deleted_one(world, meeting)
    world.left.user_restore(left)
    await world.settle()
    world.left.user_delete(left)
    await world.settle()
    entries = [entry for entry in await world.store.ledger("anna", 100) if entry.kind == Kind.DELETE]
    found = await undo(world, ids=[entry.id for entry in entries if entry.id is not None])
    assert skipped(found) == ["undo_back"]
    assert subjects(world) == (["anderer"], ["Besichtigung", "anderer"])


async def test_a_parted_pair_wakes_by_an_edit_only_where_both_are_there(world: World, meeting: Event) -> None:
    original = world.left.user_create(meeting)
    await world.settle()
    long_ago = world.clock.now() - timedelta(days=800)
    world.left.user_edit(original, when=Timed(long_ago, long_ago + timedelta(hours=1)))
    await world.settle()
    parted = "UPDATE link SET state = 'parted', reason = 'undone', left_base = :base, right_base = :base"
    base = {"base": '{"mapping_version":1,"values":{}}'}
    await world.store._writer.write(lambda database: database.execute(parted, base))
    (copy,) = world.right.events()
    world.left.user_delete(original)
    world.right.user_edit(copy, when=meeting.when, description="Tor klemmt")
    await world.settle()
    assert [event.description for event in world.right.events().values()] == ["Tor klemmt"]
