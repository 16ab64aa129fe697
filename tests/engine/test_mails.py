"""What would have mailed somebody: each write keeps how many were invited at that moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.errors import UnknownOutcome
from calsync.values import replace

if TYPE_CHECKING:
    from calsync.sync.model import Event
    from tests.engine.conftest import World


async def told(world: World) -> list[tuple[str, int | None]]:
    return [(entry.kind, entry.attendees) for entry in await world.store.ledger("anna", 50)]


async def prevented(world: World) -> int:
    found: int = await world.store.showing.mails_prevented("anna")
    return found


@pytest.mark.parametrize("count", [0, 3, None])
async def test_a_write_keeps_how_many_were_invited_when_it_was_made(
    world: World, meeting: Event, count: int | None
) -> None:
    left = world.left.user_create(replace(meeting, attendee_count=count))
    await world.settle()
    world.left.user_edit(left, summary="Notar")
    await world.settle()
    world.left.user_edit(left, attendee_count=7)
    await world.settle()
    world.left.user_delete(left)
    await world.settle()
    assert await told(world) == [("create", count), ("update", count), ("delete", 7)]
    assert await prevented(world) == (3 if count else 1)


async def test_a_write_that_may_not_have_been_made_prevented_nothing(world: World, meeting: Event) -> None:
    left = world.left.user_create(replace(meeting, attendee_count=2))
    await world.settle()
    (right,) = world.right.events()
    world.left.user_edit(left, summary="Notar")
    world.right.faults.add("update", lambda: UnknownOutcome("lost"))
    await world.run()
    world.right.user_edit(right, summary="anderer")  # nobody can tell any more what became of the write
    await world.settle()
    counted = [entry for entry in await world.store.ledger("anna", 50) if entry.reason == "unknown_outcome"]
    assert [entry.attendees for entry in counted] == [None] * len(counted)
    assert await prevented(world) == sum(1 for _, attendees in await told(world) if attendees)
