"""Which copies go when an account leaves, and why others stay: only calsync's own, unedited ones go."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from calsync.errors import UnknownOutcome
from calsync.sync.model import Capabilities
from calsync.sync.plan import Kind
from calsync.testing.memory import MemoryCalendar
from calsync.values import replace
from calsync_rules.private_mask import PrivateMask
from tests.engine.leaving import RIGHT, left, markers, plan_leave, stays, subjects

if TYPE_CHECKING:
    from calsync.sync.model import Event
    from tests.engine.conftest import World


async def test_copies_of_one_side_are_removed_and_those_of_the_other_stay(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.right.user_create(replace(meeting, summary="von rechts"))
    await world.settle()
    found = await left(world, RIGHT)
    assert subjects(world) == (["Besichtigung", "von rechts"], ["von rechts"])
    assert stays(found) == []
    assert markers(world) == []


async def test_an_edited_copy_stays(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    (copy,) = world.right.events()
    world.right.user_edit(copy, description="von Hand")
    found = await left(world, RIGHT)
    assert stays(found) == ["leave_edited"]
    assert list(world.right.events()) == [copy]


@pytest.mark.parametrize("text", [None, "Belegt", "Termin mit Anna"])
async def test_where_the_mask_was_another_one_a_copy_stays_and_nobody_is_told_more_than_is_known(
    world: World, meeting: Event, text: str | None
) -> None:
    world.left.user_create(replace(meeting, private=True))
    await world.settle()
    (copy,) = world.right.events()
    if text is not None:
        world.right.user_edit(copy, summary=text)
        await world.settle()
    world.settings["rules"] = (PrivateMask("Gesperrt"),)
    await world.settle()
    assert stays(await left(world, RIGHT)) == ["leave_unsure"]
    assert subjects(world)[1] == [text or "Privat"]


async def test_a_copy_that_is_the_last_one_stays(world: World, meeting: Event) -> None:
    original = world.left.user_create(meeting)
    await world.settle()
    world.left.user_delete(original)
    assert stays(await left(world, RIGHT)) == ["leave_alone"]
    assert subjects(world) == ([], ["Besichtigung"])


async def test_an_original_that_goes_meanwhile_keeps_its_copy(world: World, meeting: Event) -> None:
    original = world.left.user_create(meeting)
    await world.settle()
    seen = await plan_leave(world, RIGHT)
    world.left.behaviour.stale.add(original)
    world.left.behaviour.repeated.append(world.left.rows.rows[original])
    world.left.behaviour.lag = timedelta(hours=1)
    world.left.user_delete(original)
    await plan_leave(world, RIGHT, seen.hash)
    assert subjects(world) == ([], ["Besichtigung"])


async def test_an_original_that_is_gone_outside_the_window_keeps_its_copy(world: World, meeting: Event) -> None:
    original = world.left.user_create(meeting)
    await world.settle()
    world.clock.advance(timedelta(days=200).total_seconds())
    await world.settle()
    world.left.user_purge(original)
    assert stays(await left(world, RIGHT)) == ["leave_alone"]
    assert subjects(world) == ([], ["Besichtigung"])


async def test_a_copy_outside_the_window_is_removed(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    world.clock.advance(timedelta(days=200).total_seconds())
    await world.settle()
    await left(world, RIGHT)
    assert subjects(world) == (["Besichtigung"], [])


async def test_what_was_there_before_calsync_stays(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.right.user_create(meeting)
    await world.settle()
    assert stays(await left(world, RIGHT)) == ["leave_own"]
    assert subjects(world) == (["Besichtigung"], ["Besichtigung"])


async def test_what_may_be_a_user_s_on_a_system_without_markers_stays(world: World, meeting: Event) -> None:
    world.right.capabilities = Capabilities(marker=False)
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: UnknownOutcome("not carried out"))
    with suppress(UnknownOutcome):
        await world.run()
    world.right.user_create(meeting)
    await world.settle()
    assert [entry.reason for entry in await world.store.ledger("anna", 9)] == ["adopted"]
    assert stays(await left(world, RIGHT)) == ["leave_own"]
    assert subjects(world) == (["Besichtigung"], ["Besichtigung"])


async def test_a_copy_with_attendees_stays_and_keeps_its_marker(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    (copy,) = world.right.events()
    world.right.user_edit(copy, attendee_count=2)
    found = await left(world, RIGHT)
    assert list(world.right.events()) == [copy]
    assert [(each.observation.id, each.reason) for each in found.marked] == [(copy, "has_attendees")]
    assert world.right.mails == 0


async def test_a_copy_that_gets_attendees_behind_the_look_stays_and_is_told(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    (copy,) = world.right.events()
    seen = await plan_leave(world, RIGHT)
    permit = MemoryCalendar._permit

    def invited(self: MemoryCalendar, *rest: Any) -> None:
        row = self.rows.rows[copy]
        permit(self, replace(row, event=replace(row.event, attendee_count=1)), *rest[1:])

    with patch.object(MemoryCalendar, "_permit", invited):
        found = await plan_leave(world, RIGHT, seen.hash)
    assert found.problem is None
    assert [(each.kind, each.reason) for each in found.plan.operations] == [(Kind.BLOCK, "has_attendees")]
    assert list(world.right.events()) == [copy]
    assert [each.reason for each in found.marked] == ["has_attendees"]
