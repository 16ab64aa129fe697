"""I15: undoing gives back what was there before, and touches nothing that somebody has touched since."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal
from unittest.mock import patch

import pytest

from calsync.engine import Engine, Report
from calsync.engine.notebook import LEASE_LIFE
from calsync.errors import Retry, SwitchedOff, UnknownOutcome
from calsync.records import Selection
from calsync.sync.model import Direction, Side, State, Timed
from calsync.sync.plan import Kind
from calsync.values import replace
from calsync_rules.private_mask import PrivateMask
from tests.engine.conftest import frozen_behind_a_look

if TYPE_CHECKING:
    from calsync.engine import Undone
    from calsync.sync.model import Event, Link, Observation
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


async def test_a_mask_is_not_taken_off(world: World, meeting: Event) -> None:
    world.settings["rules"] = [PrivateMask("Privat")]
    left = world.left.user_create(meeting)
    await world.settle()
    world.left.user_edit(left, private=True)
    await world.settle()
    found = await undo(world, ids=[await last(world)])
    assert set(skipped(found)) == {"undo_altered"}
    assert subjects(world)[1] == ["Privat"]


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


@pytest.mark.parametrize("copies", [1, 3])
async def test_a_process_that_was_frozen_once_undoes_all_the_same(
    world: World, meeting: Event, copies: int
) -> None:
    """It freezes behind a look whether an original is there."""
    for number in range(copies):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    await world.settle()
    ids = [entry.id for entry in await world.store.ledger("anna", 100) if entry.id is not None]
    seen = await plan_undo(world, ids=ids)
    with frozen_behind_a_look(world, 3600):
        found = await plan_undo(world, seen.plan.hash, ids=ids)
    assert (found.counts[RIGHT].deleted, found.counts[RIGHT].failed, found.untouched) == (copies, 0, 0)
    assert subjects(world)[1] == []


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


async def test_a_deleted_one_that_was_created_anew_is_deleted_again(world: World, meeting: Event) -> None:
    await deleted_one(world, meeting)
    await undo(world, ids=[await last(world)])
    await undo(world, ids=[await last(world)])
    assert subjects(world) == (["anderer"], ["anderer"])


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


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("kind", ["create", "update", "delete"])
async def test_a_lost_answer_is_found_out_by_the_next_try(
    world: World, meeting: Event, kind: Literal["create", "update", "delete"], after: bool
) -> None:
    left = world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    if kind == "update":
        world.left.user_edit(left, summary="A")
    if kind == "delete":
        world.left.user_delete(left)
    await world.settle()
    write = await last(world)
    undoer: Literal["create", "update", "delete"]
    undoer = "delete" if kind == "create" else "create" if kind == "delete" else kind
    world.right.faults.add(undoer, lambda: UnknownOutcome("lost"), after=after)
    seen = await plan_undo(world, ids=[write])
    await plan_undo(world, seen.plan.hash, ids=[write])
    for _ in range(3):
        world.clock.advance(3600)
        seen = await plan_undo(world, ids=[write])
        assert (await plan_undo(world, seen.plan.hash, ids=[write])).problem is None
    await at_rest(world)
    expected = {
        "create": ["anderer"] if subjects(world)[1] == ["anderer"] else ["Besichtigung"],
        "update": ["Besichtigung", "anderer"],
        "delete": ["Besichtigung", "anderer"],
    }[kind]
    assert subjects(world)[1] == expected
    assert len(subjects(world)[1]) == len(set(subjects(world)[1]))


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


async def test_a_server_in_trouble_is_told(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    ids = [entry.id for entry in await world.store.ledger("anna", 100) if entry.kind == Kind.CREATE]
    numbers = [each for each in ids if each is not None]
    seen = await plan_undo(world, ids=numbers)
    world.right.faults.add("delete", lambda: Retry("busy"), times=9)
    with pytest.raises(Retry):
        await plan_undo(world, seen.plan.hash, ids=numbers)
    assert all(
        each.state is State.AWAKE for each in (await world.store.load("anna", world.clock.now())).links.values()
    )


async def test_on_a_system_without_markers_too_what_was_created_anew_is_not_deleted_for_its_lost_partner(
    world: World, meeting: Event
) -> None:
    world.right.capabilities = replace(world.right.capabilities, marker=False)
    await deleted_one(world, meeting)
    write = await last(world)
    world.right.faults.add("create", lambda: UnknownOutcome("lost"), after=True)
    seen = await plan_undo(world, ids=[write])
    await plan_undo(world, seen.plan.hash, ids=[write])
    await world.settle()
    await at_rest(world)
    assert subjects(world) == (["anderer"], ["Besichtigung", "anderer"])


async def test_what_was_created_anew_is_not_deleted_for_a_partner_of_which_a_feed_tells_once_more(
    world: World, meeting: Event
) -> None:
    """Nothing was known of that partner any more, and the answer to the create was lost."""
    world.right.capabilities = replace(world.right.capabilities, marker_lag=timedelta(0))
    partner = world.left.rows.rows[left := world.left.user_create(meeting)]
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    world.left.user_delete(left)
    await world.settle()
    seen = await plan_undo(world, ids=[await last(world)])
    world.right.faults.add("create", lambda: UnknownOutcome("lost"), after=True)
    await plan_undo(world, seen.plan.hash, ids=[await last(world)])
    world.left.behaviour.repeated = [partner]
    await world.run()
    world.left.behaviour.repeated = []
    world.clock.advance(2 * 86400)  # a listing does not show it
    await world.settle()
    await at_rest(world)
    assert subjects(world) == (["anderer"], ["Besichtigung", "anderer"])


async def test_a_copy_that_is_back_is_not_copied_a_second_time(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    (right,) = world.right.events()
    await undo(world, ids=[await last(world)])
    world.right.user_restore(right)
    world.right.user_edit(right, summary="zurück")
    assert skipped(await plan_undo(world, ids=[await last(world)])) == ["undo_back"]


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
