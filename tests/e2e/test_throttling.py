"""Servers that take only so many requests: they get their pauses, and everything arrives all the same."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync_sandbox.sandbox import Account
from tests.e2e.conftest import utc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from calsync.testing import FakeClock
    from calsync_sandbox.server import Recorded
    from tests.e2e.conftest import World

EVENTS = 150
LIMIT = 20
MARGIN = 25
"""Requests of a first sync that are no creates: signing in, opening, listing, reading back."""


@pytest.fixture(params=["flowfact", "graph"])
def busy(request: pytest.FixtureRequest, world: World) -> Any:
    """Return the server that is short of breath, with nothing in its calendar yet."""
    for number in range(EVENTS):
        (world.appointment if request.param == "graph" else world.event)(f"Termin {number}", hours=number)
    server = getattr(world.sandbox, request.param)
    server.switches.rate_limit = LIMIT
    return server


@asynccontextmanager
async def passing(clock: FakeClock) -> AsyncIterator[None]:
    """Let time pass as soon as somebody waits for it."""

    async def pass_on() -> None:
        while True:
            await clock.until_sleeping()
            clock.advance(1)
            await asyncio.sleep(0)

    time = asyncio.create_task(pass_on())
    yield
    time.cancel()


def refused(server: Any) -> list[Recorded]:
    return [request for request in server.requests if request.status == 429]


async def test_a_first_sync_waits_for_short_pauses(world: World, clock: FakeClock, busy: Any) -> None:
    busy.switches.rate_window = 10.0
    began = clock.now()
    async with passing(clock):
        await world.sync()
    world.expect_converged(EVENTS)
    pauses = (clock.now() - began).total_seconds() / 10
    assert pauses <= (EVENTS + MARGIN) / LIMIT + 1
    assert len(refused(busy)) <= pauses * 4, "as many as a connection has under way"
    assert len(busy.requests) <= EVENTS + MARGIN + len(refused(busy))
    world.expect_no_mail()


async def test_a_long_pause_ends_the_run_and_the_next_ones_go_on(
    world: World, clock: FakeClock, busy: Any
) -> None:
    busy.switches.rate_window = 300.0
    began = clock.now()
    for _ in range(9 * EVENTS // LIMIT):
        result = (await world.sync_all()).accounts["anna"]
        assert clock.now() - began < timedelta(seconds=1), "nobody waits that long"
        clock.advance(330)
        began = clock.now()
        if result.ok and not result.left.failed + result.right.failed + result.left.writes + result.right.writes:
            break
    async with passing(clock):
        await world.sync()
    world.expect_converged(EVENTS)
    assert len(refused(busy)) <= 9 * EVENTS / LIMIT * 4
    world.expect_no_mail()


async def test_a_mailbox_that_has_to_wait_is_alone_with_it(world: World) -> None:
    """Microsoft counts by application and mailbox; the other mailboxes of the connection go on."""
    kai = world.sandbox.add_person("kai@example.de", first="Kai", last="Kollege")
    world.configure(accounts=[Account(name="anna", person=world.anna), Account(name="kai", person=kai)])
    for number in range(2 * LIMIT):
        world.appointment(f"Termin {number}", hours=number)
    kai.mailbox.create({"subject": "Besprechung", "start": utc(world.at()), "end": utc(world.at(1))})
    world.sandbox.graph.switches.rate_limit, world.sandbox.graph.switches.rate_window = LIMIT, 300.0
    accounts = (await world.sync_all()).accounts
    assert accounts["anna"].right.failed >= LIMIT
    assert accounts["kai"].ok
    assert world.sandbox.judge(kai).converged
    world.expect_no_mail()
