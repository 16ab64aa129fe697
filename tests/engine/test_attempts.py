"""Writes that fail: who is to blame, when they are tried again, and that they are told meanwhile."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from calsync.engine.attempts import QUARANTINE_AFTER
from calsync.errors import EventError, Retry, UnknownOutcome
from calsync.sync.model import Event, Side
from calsync.values import replace
from tests.engine.conftest import attempts

if TYPE_CHECKING:
    from collections.abc import Callable

World = Any  # tests replace its methods, and name what is counted by plain text


async def test_an_event_that_is_refused_again_and_again_is_tried_once_a_day(world: World, meeting: Event) -> None:
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: EventError("too long"), times=QUARANTINE_AFTER)
    for count in range(1, QUARANTINE_AFTER):
        await world.run()
        report = await world.run()
        assert report.notices["create", "right", "refused"] == 1
        world.clock.advance(2**count * 60)
    await world.run()
    report = await world.run()
    assert report.notices["create", "right", "quarantined"] == 1
    world.clock.advance(20 * 3600)
    await world.run()
    assert len(world.right.events()) == 1
    world.clock.advance(4 * 3600)
    await world.settle()
    assert len(world.right.events()) == 2
    assert await attempts(world) == {}


async def test_a_failure_is_forgotten_with_the_plan_that_failed(world: World, meeting: Event) -> None:
    event = world.left.user_create(meeting)
    world.right.faults.add("create", lambda: EventError("too long"))
    await world.run()
    assert len(await attempts(world)) == 1
    world.left.user_delete(event)
    await world.run()
    assert await attempts(world) == {}


@pytest.mark.parametrize("error", [lambda: Retry("busy"), lambda: Retry("busy", after=90)])
async def test_a_server_in_trouble_is_not_the_fault_of_its_events(
    world: World, meeting: Event, error: Callable[[], Exception]
) -> None:
    for number in range(3):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    world.right.faults.add("create", error, times=3 * QUARANTINE_AFTER)
    for _ in range(QUARANTINE_AFTER):
        world.clock.advance(3600)
        with pytest.raises(Retry, match="busy"):
            await world.run()
    world.clock.advance(3600)
    await world.settle()
    assert len(world.right.events()) == 3


async def test_an_update_that_is_never_answered_is_tried_less_and_less_often(world: World, meeting: Event) -> None:
    left = world.left.user_create(meeting)
    await world.settle()
    world.left.user_edit(left, summary="anders")
    world.right.faults.add("update", lambda: UnknownOutcome("lost"), times=None)
    for _ in range(20):
        world.clock.advance(60)
        with suppress(UnknownOutcome):
            await world.run()
    assert sum(call.method == "update" for call in world.right.calls) <= 5
    world.right.faults.clear()
    world.clock.advance(3600)
    await world.settle()
    assert [event.summary for event in world.right.events().values()] == ["anders"]


async def test_a_write_may_be_put_off_for_weeks(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: Retry("busy"), times=60)
    for _ in range(60):
        world.clock.advance(3601)
        assert (await world.run()).counts[Side.RIGHT].failed == 1
    world.clock.advance(3601)
    assert (await world.run()).counts[Side.RIGHT].created == 1


async def test_one_write_that_the_server_cannot_carry_out_now_waits_longer_and_longer(
    world: World, meeting: Event
) -> None:
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: Retry("busy"), times=3)
    assert (await world.run()).counts[Side.RIGHT].failed == 1
    assert (await world.run()).counts[Side.RIGHT].failed == 1
    report = await world.run()
    assert (report.counts[Side.RIGHT].failed, report.notices["create", "right", "retry"]) == (0, 1)
    for _ in range(5):
        world.clock.advance(3600)
        await world.run()
    assert len(world.right.events()) == 1


class TooLongError(EventError):
    """What a provider makes of a kind of error stays of that kind."""


async def test_a_servers_trouble_does_not_count_against_its_event(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: Retry("busy"), times=QUARANTINE_AFTER)
    for _ in range(QUARANTINE_AFTER):
        world.clock.advance(3600)
        await world.run()
    for error in (EventError, TooLongError, EventError):
        world.clock.advance(3600)
        world.right.faults.add("create", lambda error=error: error("too long"))
        await world.run()
        report = await world.run()
        assert report.notices["create", "right", "refused"] == 1
    (attempt,) = (await attempts(world)).values()
    assert attempt.count == 3
    world.right.faults.add("create", lambda: Retry("busy"))
    world.clock.advance(3600)
    await world.run()
    await world.run()
    assert len(world.right.events()) == 1


async def test_a_server_that_names_a_pause_gets_it(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.right.faults.add("create", lambda: Retry("busy", after=300))
    await world.run()
    world.clock.advance(290)
    await world.run()
    assert len(world.right.writes()) == 1
    world.clock.advance(10)
    await world.run()
    assert len(world.right.events()) == 1
