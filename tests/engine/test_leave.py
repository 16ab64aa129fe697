"""Leaving: done as a person saw it, without a marker left behind, and the account is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import EventError
from calsync.sync.model import Direction
from calsync.sync.plan import Kind
from calsync.values import replace
from tests.engine.leaving import LEFT, RIGHT, left, markers, plan_leave, state, subjects

if TYPE_CHECKING:
    from calsync.sync.model import Event
    from tests.engine.conftest import World


async def test_all_stays_without_a_marker_and_the_account_is_forgotten(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.right.user_create(replace(meeting, summary="von rechts"))
    await world.settle()
    assert len(markers(world)) == 2
    found = await plan_leave(world)
    assert (found.plan.operations, found.staying) == ((), 2)
    assert not (await world.store.settings.get("anna")).off
    await left(world)
    assert subjects(world) == (["Besichtigung", "von rechts"],) * 2
    assert markers(world) == []
    known = await state(world)
    assert [known.links, known.intents, known.holds, known.seen] == [{}, {}, {}, {LEFT: {}, RIGHT: {}}]
    assert [(each.token, each.written) for each in known.sides.values()] == [(None, False)] * 2
    assert (await world.store.settings.get("anna")).off
    (entry,) = await world.store.settings.audit(9)
    assert (entry.account, entry.what, entry.after, entry.who) == ("anna", "enabled", "off", "test")


async def test_a_preview_changes_nothing_in_the_calendars(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    before = len(world.left.writes()) + len(world.right.writes())
    found = await plan_leave(world, RIGHT)
    assert [each.kind for each in found.plan.operations] == [Kind.DELETE]
    assert found.staying == 0
    assert len(world.left.writes()) + len(world.right.writes()) == before
    assert (await state(world)).links


async def test_another_hash_does_nothing(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    seen = await plan_leave(world, RIGHT)
    assert (await plan_leave(world, None, seen.hash)).problem is not None
    (copy,) = world.right.events()
    world.right.user_edit(copy, summary="geändert")
    found = await plan_leave(world, RIGHT, seen.hash)
    assert found.problem is not None
    assert "not " + seen.hash in found.problem
    assert not (await world.store.settings.get("anna")).off


async def test_a_side_that_is_only_read_is_not_written(world: World, meeting: Event) -> None:
    world.right.user_create(meeting)
    await world.settle()
    world.settings["direction"] = Direction.LEFT_TO_RIGHT
    await world.settle()
    before = len(world.left.writes())
    found = await plan_leave(world, LEFT)
    assert found.problem is not None
    assert (await plan_leave(world, LEFT, found.hash)).problem is not None
    found = await left(world)
    assert [each.reason for each in found.marked] == ["leave_read_only"]
    assert len(world.left.writes()) == before


async def test_a_users_duplicate_loses_its_marker_too(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    (copy,) = world.right.events()
    world.right.user_copy(copy)
    await left(world)
    assert markers(world) == []


async def test_a_server_that_keeps_a_marker_is_told_of(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    world.right.faults.add("unmark", lambda: EventError("no"))
    found = await left(world)
    assert [each.reason for each in found.marked] == ["refused"]


@pytest.mark.parametrize("invited", [{"attendee_count": 2}, {"attendee_count": None}, {"organised_here": False}])
async def test_nobody_is_mailed_as_a_marker_goes_though_a_provider_forgot_to_refuse_it(
    world: World, meeting: Event, invited: dict[str, Any]
) -> None:
    world.left.user_create(meeting)
    await world.settle()
    (copy,) = world.right.events()
    world.right.user_edit(copy, **invited)
    world.right.capabilities = replace(world.right.capabilities, writes_may_mail=True)
    world.right.behaviour.naive = True
    found = await left(world)
    assert [each.reason for each in found.marked] == [
        "has_attendees" if "attendee_count" in invited else "not_organised_here"
    ]
    assert world.right.mails == 0
