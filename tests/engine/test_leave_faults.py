"""Frozen processes, lost answers and servers in trouble: an account leaves all the same, or is left again."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from calsync.engine import Engine, Report
from calsync.engine.notebook import LEASE_LIFE
from calsync.errors import Retry, UnknownOutcome
from calsync.values import replace
from tests.engine.conftest import World, frozen_behind_a_look
from tests.engine.leaving import RIGHT, leave, left, markers, plan_leave, state, subjects

if TYPE_CHECKING:
    from calsync.sync.model import Event


@pytest.mark.parametrize("copies", [1, 4, 12])
async def test_a_process_that_was_frozen_once_leaves_all_the_same(
    world: World, meeting: Event, copies: int
) -> None:
    """It freezes behind a look whether an original is there, with others on their way."""
    for number in range(copies):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    await world.settle()
    seen = await plan_leave(world, RIGHT)
    with frozen_behind_a_look(world, 3600):
        found = await plan_leave(world, RIGHT, seen.hash)
    assert (found.problem, len(subjects(world)[0]), subjects(world)[1]) == (None, copies, [])


@pytest.mark.parametrize("lives", [0.7, 12])
async def test_an_original_that_goes_while_the_process_is_frozen_keeps_its_copy(
    world: World, meeting: Event, lives: float
) -> None:
    """It freezes behind the look whether the original is there; nobody has taken the account over."""
    for number in range(2):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    await world.settle()
    seen = await plan_leave(world, RIGHT)
    with (
        frozen_behind_a_look(world, LEASE_LIFE.total_seconds() * lives, world.left.user_delete) as frozen,
        suppress(Retry),
    ):
        await plan_leave(world, RIGHT, seen.hash)
    await plan_leave(world, RIGHT, (await plan_leave(world, RIGHT)).hash)
    here, copies = subjects(world)
    assert (len(frozen), sorted(here + copies)) == (1, ["Termin 0", "Termin 1"])


async def test_an_account_has_not_left_while_a_delete_was_never_sent(world: World, meeting: Event) -> None:
    """Each look whether an original is there takes so long that it proves nothing any more."""
    for number in range(12):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    await world.settle()
    seen = await plan_leave(world, RIGHT)
    locate, slow = world.left.locate, sorted(world.left.events())[5:]

    async def crowded(event_id: str, uid: str | None = None) -> Any:
        place = await locate(event_id, uid)
        if event_id in slow:
            world.clock.advance(LEASE_LIFE.total_seconds() * 0.7)
        return place

    with patch.object(world.left, "locate", crowded), patch("calsync.engine.carry.AT_ONCE", 1):
        found = await plan_leave(world, RIGHT, seen.hash)
    assert found.problem is not None
    assert "could not be removed" in found.problem
    assert len(world.right.events()) == len(markers(world)) == 7
    assert (await state(world)).links
    world.clock.advance(3600)
    await left(world, RIGHT)
    assert subjects(world)[1] == []


@pytest.mark.parametrize("method", ["delete", "unmark"])
async def test_a_server_in_trouble_leaves_the_account_to_be_left_again(
    world: World, meeting: Event, method: Any
) -> None:
    world.left.user_create(meeting)
    world.right.user_create(replace(meeting, summary="von rechts"))
    await world.settle()
    calendar = world.right if method == "delete" else world.left
    calendar.faults.add(method, lambda: Retry("busy"))
    seen = await plan_leave(world, RIGHT)
    try:
        found = await plan_leave(world, RIGHT, seen.hash)
    except Retry:
        pass
    else:
        assert found.problem is not None
    assert (await world.store.settings.get("anna")).off
    assert (await state(world)).links
    await left(world, RIGHT)
    assert subjects(world) == (["Besichtigung", "von rechts"], ["von rechts"])
    assert markers(world) == []


async def test_what_was_left_out_is_still_known_where_it_does_not_come_to_its_end(
    world: World, meeting: Event
) -> None:
    world.left.user_create(meeting)
    await world.settle()
    seen = await plan_leave(world, RIGHT)
    engine = Engine(world.store, world.runs, world.clock, random.Random(3), "test")
    world.right.faults.add("unmark", lambda: Retry("busy"), times=None)
    world.right.faults.add("delete", lambda: Retry("busy"), times=None)
    for plan_hash in (None, seen.hash):
        report = Report()
        await engine.leave(world.account(), RIGHT, "test", report, plan_hash)
        assert report.unsynced is None


async def test_a_delete_without_an_answer_is_settled_first(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    world.right.faults.add("delete", lambda: UnknownOutcome("lost"), after=True)
    found = await leave(world, RIGHT)
    assert found.problem is not None
    assert (await state(world)).intents
    await left(world, RIGHT)
    assert subjects(world) == (["Besichtigung"], [])
    assert not (await state(world)).intents


async def test_a_create_that_was_lost_is_not_sent_again(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: UnknownOutcome("lost"))
    await world.run()
    assert (await state(world)).intents
    await left(world)
    assert subjects(world) == (["Besichtigung"], [])
