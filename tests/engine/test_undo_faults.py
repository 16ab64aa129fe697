"""A frozen process, lost answers and a server in trouble while something is undone: nothing is lost or doubled."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import pytest

from calsync.errors import Retry, UnknownOutcome
from calsync.sync.model import State
from calsync.sync.plan import Kind
from calsync.values import replace
from tests.engine.conftest import frozen_behind_a_look
from tests.engine.undoing import RIGHT, at_rest, deleted_one, last, plan_undo, subjects

if TYPE_CHECKING:
    from calsync.sync.model import Event
    from tests.engine.conftest import World


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
