"""A store that was put back: nothing is written and nothing is doubled before a person has confirmed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from calsync.sync.model import Side, Timed
from calsync.sync.plan import Kind
from calsync.values import replace
from tests.engine.rebuilding import Stores, by_summary, confirm, rebuilt, writes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from calsync.sync.model import Event

World = Any  # tests replace its methods, and name what is counted by plain text


async def test_creates_after_the_backup_are_known_again_by_their_markers(
    world: World, stores: Stores, meeting: Event
) -> None:
    world.left.user_create(meeting)
    await world.settle()
    await stores.save()
    world.left.user_create(replace(meeting, summary="Notar", private=True))
    world.right.user_create(replace(meeting, summary="Rückruf"))
    await world.settle()
    await stores.put_back()
    before = writes(world)
    report = await world.run()
    assert report.rebuild == "behind"
    assert report.plan.operations == ()
    assert report.notices[Kind.HOLD, Side.RIGHT, "rebuild"] == 1
    assert await confirm(world, report.plan.hash) is None
    await world.settle()
    assert writes(world) == before
    world.left.user_edit(by_summary(world.left)["Notar"], description="Akte")
    world.right.user_edit(by_summary(world.right)["Rückruf"], summary="Rückruf Meier")
    await world.settle()
    assert set(by_summary(world.left)) == {"Besichtigung", "Notar", "Rückruf Meier"}
    assert set(by_summary(world.right)) == {"Besichtigung", "Privat", "Rückruf Meier"}


async def test_edits_that_are_on_both_sides_already_are_taken_as_found(
    world: World, stores: Stores, many: Callable[[int], Awaitable[None]]
) -> None:
    await many(3)
    await stores.save()
    world.left.user_edit(by_summary(world.left)["Termin 0"], summary="Neu")
    await world.settle()
    await stores.put_back()
    before = writes(world)
    await rebuilt(world, {})
    assert writes(world) == before


async def test_an_edit_of_one_side_waits_and_is_carried_out_when_confirmed(
    world: World, stores: Stores, many: Callable[[int], Awaitable[None]]
) -> None:
    await many(3)
    await stores.save()
    await world.run()
    world.right.user_edit(by_summary(world.right)["Termin 0"], description="Tor klemmt")
    await stores.put_back()
    await rebuilt(world, {("update", "left"): 1})
    assert "Tor klemmt" in [event.description for event in world.left.events().values()]


async def test_deletes_after_the_backup_do_not_come_back(
    world: World, stores: Stores, many: Callable[[int], Awaitable[None]]
) -> None:
    await many(8)
    await stores.save()
    world.left.user_delete(by_summary(world.left)["Termin 0"])
    world.right.user_delete(by_summary(world.right)["Termin 1"])
    await world.settle()
    await stores.put_back()
    await rebuilt(world, {})
    assert len(world.left.events()) == len(world.right.events()) == 6


async def test_a_delete_that_was_not_carried_over_waits(
    world: World, stores: Stores, many: Callable[[int], Awaitable[None]]
) -> None:
    await many(8)
    await stores.save()
    await world.run()
    world.left.user_delete(by_summary(world.left)["Termin 0"])
    await stores.put_back()
    await rebuilt(world, {("delete", "right"): 1})
    assert len(world.right.events()) == 7


async def test_a_copy_that_was_made_anew_belongs_to_its_source_again(
    world: World, stores: Stores, many: Callable[[int], Awaitable[None]]
) -> None:
    """Deleted on the right and edited on the left: created anew on the right, then the store is put back."""
    await many(8)
    await stores.save()
    world.right.user_delete(by_summary(world.right)["Termin 0"])
    world.left.user_edit(by_summary(world.left)["Termin 0"], description="wichtig")
    await world.settle()
    await stores.put_back()
    await rebuilt(world, {})
    world.right.user_edit(by_summary(world.right)["Termin 0"], description="sehr wichtig")
    await world.settle()
    assert "sehr wichtig" in [event.description for event in world.left.events().values()]


async def test_a_new_event_waits_to_be_created(world: World, stores: Stores, meeting: Event) -> None:
    await world.run()
    await stores.save()
    await world.run()
    world.left.user_create(meeting)
    await stores.put_back()
    await rebuilt(world, {("create", "right"): 1})
    assert len(world.right.events()) == 1


async def test_a_crash_between_the_store_and_the_number_beside_it_is_no_rebuild(
    world: World, meeting: Event
) -> None:
    world.left.user_create(meeting)
    await world.settle()
    world.runs.numbers["anna"] -= 1
    assert (await world.run()).rebuild is None


async def test_the_first_run_of_a_rebuild_lists_in_full_and_the_others_follow(
    world: World, stores: Stores, many: Callable[[int], Awaitable[None]]
) -> None:
    await many(3)
    await stores.save()
    await world.run()
    await stores.put_back()
    listed = (await world.store.load("anna", world.clock.now())).sides[Side.LEFT].listed_run
    await world.run()
    first = (await world.store.load("anna", world.clock.now())).sides[Side.LEFT].listed_run
    await world.run()
    state = await world.store.load("anna", world.clock.now())
    assert listed < first == state.sides[Side.LEFT].listed_run < state.run


async def test_newer_edits_are_never_overwritten_without_a_person(
    world: World, stores: Stores, many: Callable[[int], Awaitable[None]]
) -> None:
    """The right side wins conflicts, and shows only what calsync wrote there; the newer edit is the left one's."""
    await many(3)
    await stores.save()
    world.left.user_edit(by_summary(world.left)["Termin 0"], summary="erst")
    await world.settle()
    world.left.user_edit(by_summary(world.left)["erst"], summary="zuletzt")
    await stores.put_back()
    report = await world.run()
    (held,) = report.plan.operations
    assert (held.kind, held.reason, held.wanted) == ("hold", "rebuild_conflict", "update")
    assert "zuletzt" in by_summary(world.left)
    assert await confirm(world, report.plan.hash) is None
    await world.settle()
    assert {entry.before.get("summary") for entry in await world.store.ledger("anna", 1)} == {"zuletzt"}


async def test_moved_events_keep_their_times(world: World, stores: Stores, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    await stores.save()
    later = meeting.when.end + timedelta(days=1) if isinstance(meeting.when, Timed) else None
    assert later is not None
    world.left.user_edit(next(iter(world.left.events())), when=Timed(later, later + timedelta(hours=1)))
    await world.settle()
    await stores.put_back()
    before = writes(world)
    await rebuilt(world, {})
    assert writes(world) == before
