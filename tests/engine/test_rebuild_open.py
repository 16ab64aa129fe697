"""A write that was open when the store was saved is settled, never repeated, and what differs is told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import EventError, UnknownOutcome
from calsync.sync.model import Side, Timed
from calsync.sync.plan import Kind
from calsync.testing.clock import START
from tests.engine.rebuilding import Stores, rebuilt, writes

if TYPE_CHECKING:
    from calsync.sync.model import Event
    from tests.engine.conftest import World

LATER = Timed(START + timedelta(days=9), START + timedelta(days=9, hours=1))


async def test_a_create_that_was_open_is_settled_but_never_repeated(
    world: World, stores: Stores, meeting: Event
) -> None:
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: UnknownOutcome("lost"), after=False)
    await world.run()
    await stores.save()
    await world.run()
    assert len(world.right.events()) == 1
    world.right.user_purge(next(iter(world.right.events())))
    await stores.put_back()
    await rebuilt(world, {("create", "right"): 1})


async def test_an_open_create_that_was_carried_out_is_found(world: World, stores: Stores, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: UnknownOutcome("lost"), after=True)
    await world.run()
    await stores.save()
    await world.run()
    await stores.put_back()
    before = writes(world)
    await rebuilt(world, {})
    assert writes(world) == before


@pytest.mark.parametrize("edited", [True, False])
async def test_what_was_made_of_an_open_create_behind_the_backup_is_told_to_differ(
    world: World, stores: Stores, meeting: Event, edited: bool
) -> None:
    """Calsync wrote to the copy last, and so what its user had made of it before could pass for calsync's."""
    original = world.left.user_create(meeting)
    world.right.faults.add("create", lambda: UnknownOutcome("lost"), after=True)
    await world.run()
    await stores.save()
    await world.run()
    (copy,) = world.right.events()
    if edited:
        world.left.user_edit(original, summary="verlegt")
        world.right.user_edit(copy, description="Klingel")
        world.left.faults.add("update", lambda: EventError("no"), after=False)
    await world.run()
    await stores.put_back()
    before = writes(world)
    report = await world.run()
    told = report.remarks[Kind.CREATE, Side.RIGHT, "linked_different"]
    assert (writes(world), told) == (before, int(edited))


@pytest.mark.parametrize("edit", [{"summary": "Klingel"}, {"when": LATER}, None])
async def test_what_was_made_of_an_open_update_behind_the_backup_is_told_to_differ(
    world: World, stores: Stores, meeting: Event, edit: dict[str, Any] | None
) -> None:
    """Calsync wrote another field last, and so what a user had typed before could pass for calsync's."""
    original = world.left.user_create(meeting)
    await world.settle()
    world.left.user_edit(original, summary="verlegt")
    world.right.faults.add("update", lambda: UnknownOutcome("lost"), after=True)
    await world.run()
    await stores.save()
    await world.run()
    (copy,) = world.right.events()
    if edit is not None:
        world.left.user_edit(original, description="neu")
        world.right.user_edit(copy, **edit)
        world.left.faults.add("update", lambda: EventError("no"), after=False)
    await world.run()
    await stores.put_back()
    before = writes(world)
    report = await world.run()
    told = report.remarks[Kind.LINK, Side.RIGHT, "linked_different"]
    assert (writes(world), told) == (before, int(edit is not None))
    found = [(entry.kind, entry.reason, entry.after) for entry in await world.store.ledger("anna", 9)]
    assert (Kind.UPDATE, "changed", {"summary": "verlegt"}) in found
    differs = [after for _, reason, after in found if reason == "linked_different"]
    assert differs == ([{**edit, "description": "neu"}] if edit else [])
