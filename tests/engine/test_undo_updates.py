"""An undone update: fields get their former values, unless somebody has edited them since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.errors import UnknownOutcome
from calsync_rules.private_mask import PrivateMask
from tests.engine.undoing import last, plan_undo, skipped, subjects, undo

if TYPE_CHECKING:
    from calsync.sync.model import Event
    from tests.engine.conftest import World


async def test_fields_get_their_former_values_on_the_written_side_only(world: World, meeting: Event) -> None:
    left = world.left.user_create(meeting)
    await world.settle()
    world.left.user_edit(left, summary="A", description="neu")
    await world.settle()
    await undo(world, ids=[await last(world)])
    assert subjects(world) == (["A"], ["Besichtigung"])
    assert world.both()[1][0].description == "Schlüssel"
    world.left.user_edit(left, summary="B")
    await world.settle()
    assert subjects(world) == (["B"], ["B"])


async def test_several_writes_give_the_oldest_value(world: World, meeting: Event) -> None:
    left = world.left.user_create(meeting)
    await world.settle()
    begun = world.clock.now()
    for text in ("A", "B", "C"):
        world.clock.advance(60)
        world.left.user_edit(left, summary=text)
        await world.settle()
    await undo(world, since=begun)
    assert subjects(world) == (["C"], ["Besichtigung"])


async def test_what_a_person_edited_since_is_left_alone(world: World, meeting: Event) -> None:
    left = world.left.user_create(meeting)
    await world.settle()
    world.left.user_edit(left, summary="A")
    await world.settle()
    write = await last(world)
    (right,) = world.right.events()
    world.right.user_edit(right, summary="von Hand")
    await world.settle()
    found = await undo(world, ids=[write])
    assert skipped(found) == ["undo_edited"]
    assert subjects(world) == (["von Hand"], ["von Hand"])


async def test_what_users_entered_where_a_later_write_may_not_have_arrived_is_left_alone(
    world: World, meeting: Event
) -> None:
    left = world.left.user_create(meeting)
    await world.settle()
    (right,) = world.right.events()
    world.left.user_edit(left, description="mitte")
    await world.settle()
    write = await last(world)
    world.left.user_edit(left, summary="neu", description="links")
    world.right.faults.add("update", lambda: UnknownOutcome("lost"), after=False)
    await world.run()
    world.left.user_edit(left, description="mitte!")
    world.right.user_edit(right, summary="neu", description="mitte!")
    await world.settle()
    assert [entry.reason for entry in await world.store.ledger("anna", 2)] == ["changed", "unknown_outcome"]
    found = await undo(world, ids=[write])
    assert skipped(found) == ["undo_edited"]
    assert [event.description for event in world.right.events().values()] == ["mitte!"]


async def test_an_edit_that_is_still_to_be_copied_is_not_swallowed(world: World, meeting: Event) -> None:
    left = world.left.user_create(meeting)
    await world.settle()
    world.left.user_edit(left, summary="A")
    await world.settle()
    write = await last(world)
    world.left.user_edit(left, summary="B")
    found = await plan_undo(world, ids=[write])
    assert skipped(found) == ["undo_edited"]
    assert (await plan_undo(world, found.plan.hash, ids=[write])).problem is None
    await world.settle()
    assert subjects(world) == (["B"], ["B"])


async def test_a_mask_is_not_taken_off(world: World, meeting: Event) -> None:
    world.settings["rules"] = [PrivateMask("Privat")]
    left = world.left.user_create(meeting)
    await world.settle()
    world.left.user_edit(left, private=True)
    await world.settle()
    found = await undo(world, ids=[await last(world)])
    assert set(skipped(found)) == {"undo_altered"}
    assert subjects(world)[1] == ["Privat"]


async def test_an_event_with_attendees_is_never_written(world: World, meeting: Event) -> None:
    left = world.left.user_create(meeting)
    await world.settle()
    world.left.user_edit(left, summary="A")
    await world.settle()
    write = await last(world)
    (right,) = world.right.events()
    world.right.user_edit(right, attendee_count=2)
    seen = await plan_undo(world, ids=[write])
    await plan_undo(world, seen.plan.hash, ids=[write])
    assert subjects(world)[1] == ["A"]
