"""What a run costs: at first what must be written, and then, when nothing changed, one question to each side."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from calsync.app import App
from calsync_sandbox.seed import seed_many

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from calsync.testing import FakeClock
    from tests.e2e.conftest import World

EVENTS = 240
"""More than two pages of FLOWFACT and one of Graph."""
AROUND = 30
"""Signing in, what the configuration is checked against, and the pages of the first reading."""


def resting(clock: FakeClock) -> bool:
    """Tell whether the account waits for its next run, and FLOWFACT's doorbell for its next search."""
    return clock.sleepers >= 2 and not clock.waking


@asynccontextmanager
async def serving(world: World, clock: FakeClock) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Run the service, and yield what lets it do one more run; the requests are then those of this run."""
    stop = asyncio.Event()

    async def one_more() -> None:
        world.clear()
        clock.advance(3)
        await world.until(lambda: world.sandbox.graph.requests and resting(clock))

    async with App.open(world.configuration, clock=clock) as app:
        service = asyncio.create_task(app.run(stop, asyncio.Event()))
        await world.until(lambda: resting(clock))
        yield one_more
        stop.set()
        await service


async def test_a_run_without_changes_asks_each_side_once(world: World, clock: FakeClock) -> None:
    await filled(world)
    trash = 0
    async with serving(world, clock) as one_more:
        for _ in range(20):
            await one_more()
            looked = world.sandbox.flowfact.sent("GET", "/recovery/")
            searches = world.sandbox.flowfact.sent("POST", "/search-service/")
            trash += len(looked)
            assert len(looked) <= 1
            assert len(searches) == 1
            assert len(world.sandbox.flowfact.requests) == len(searches) + len(looked)
            (change,) = world.sandbox.graph.requests
            assert change.path.endswith("/calendarView/delta")
            assert "$deltatoken" in change.query
    assert trash <= 2


async def test_a_fallen_number_of_appointments_costs_a_look_into_the_trash(world: World, clock: FakeClock) -> None:
    entity = world.appointment("Entfällt")
    await filled(world)
    async with serving(world, clock) as one_more:
        await one_more()
        world.delete(entity)
        await one_more()
        assert [event for event in world.anna.mailbox.events.values() if event["subject"] == "Entfällt"] == []
        assert [request.method for request in world.graph_writes()] == ["DELETE"]
        await one_more()
        await one_more()
        assert len(world.sandbox.flowfact.requests) == len(world.sandbox.graph.requests) == 1


async def test_a_change_costs_what_it_is_about(world: World, clock: FakeClock) -> None:
    await filled(world)
    entity = next(iter(world.sandbox.flowfact.entities.values()))
    async with serving(world, clock) as one_more:
        await one_more()
        world.patch(entity, message="neu")
        await one_more()
        assert [request.method for request in world.sandbox.graph.requests] == ["GET", "GET", "PATCH"]
        assert world.flowfact_writes() == []


async def filled(world: World) -> None:
    """Fill both calendars and sync until nothing is left to do."""
    now = datetime.fromtimestamp(world.sandbox.now(), UTC)
    seed_many(world.sandbox.flowfact, world.anna.user, world.anna.mailbox, now, EVENTS)
    await world.settle()


async def test_a_first_sync_sends_at_most_two_requests_for_each_new_event_of_either_side(world: World) -> None:
    sandbox, anna = world.sandbox, world.anna
    seed_many(sandbox.flowfact, anna.user, anna.mailbox, world.clock.now(), EVENTS)
    result = await world.sync()
    assert (result.left.created, result.right.created) == (EVENTS // 2, EVENTS // 2)
    assert len(sandbox.flowfact.requests) <= EVENTS // 2 * 2 + AROUND
    assert len(sandbox.graph.requests) <= EVENTS // 2 * 2 + AROUND
    world.expect_converged(EVENTS)
