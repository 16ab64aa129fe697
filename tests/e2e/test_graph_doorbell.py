"""`calsync run` that Microsoft Graph can call: changes arrive long before the poll, whatever becomes of calls."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.e2e.conftest import Ended, stopped

if TYPE_CHECKING:
    from asyncio.subprocess import Process

    from calsync_sandbox.graph.subscriptions import Subscriptions
    from tests.e2e.conftest import World

MOST_ROUNDS = 12
"""Requests for changes of a few runs: each change rings, and so does what calsync writes."""


@pytest.fixture
def called(live: World, port: int) -> World:
    """Return a world in which calsync can be called, and polls once an hour."""
    at = f"public_url: http://127.0.0.1:{port}\n  listen: 127.0.0.1:{port}"
    live.rewrite("poll_seconds: 2", f"poll_seconds: 3600\n  {at}")
    return live


def subscriptions(world: World) -> Subscriptions:
    return world.sandbox.graph.subscriptions


def rounds(world: World) -> int:
    """Return how often Outlook's changes were asked for."""
    return len(world.sandbox.graph.sent("GET", "/calendarView/delta"))


async def started(world: World) -> Process:
    """Run calsync, and wait until it can be called."""
    process = await world.start("run")
    await world.until(lambda: subscriptions(world).present)
    return process


async def ended_well(process: Process) -> Ended:
    """End calsync, which has nothing to complain about."""
    found = await stopped(process)
    assert found.code == 0
    assert "Traceback" not in found.errors
    assert found.warnings == []
    return found


async def test_a_change_in_outlook_arrives_long_before_the_poll(called: World) -> None:
    called.appointment("aus FLOWFACT")
    process = await started(called)
    event = called.event("aus Outlook", hours=2)
    await called.until(lambda: called.arrived("aus Outlook"))
    called.anna.mailbox.edit(event["id"], {"subject": "aus Outlook, geändert"})
    await called.until(lambda: called.arrived("aus Outlook, geändert"))
    log = (await ended_well(process)).errors
    (one,) = subscriptions(called).present.values()
    assert one.client_state is not None
    assert one.client_state not in log
    assert one.id not in log
    called.expect_converged(2)
    called.expect_no_mail()
    assert rounds(called) <= MOST_ROUNDS


async def test_late_repeated_and_lost_calls_lose_no_change(called: World) -> None:
    called.sandbox.graph.switches.notification_delay = 0.1
    called.sandbox.graph.switches.notification_copies = 3
    process = await started(called)
    for hour in range(5):
        called.event(f"Termin {hour}", hours=hour)
    await called.until(lambda: len(called.sandbox.flowfact.entities) == 5)
    called.sandbox.graph.switches.notification_copies = 0
    called.event("ungehört", hours=6)
    called.sandbox.graph.switches.notification_copies = 1
    subscriptions(called).tell("missed")
    await called.until(lambda: called.arrived("ungehört"))
    await ended_well(process)
    called.expect_converged(6)
    called.expect_no_mail()
    assert rounds(called) <= 2 * MOST_ROUNDS


async def test_a_subscription_that_was_removed_is_made_anew(called: World) -> None:
    process = await started(called)
    (first,) = subscriptions(called).present
    subscriptions(called).tell("subscriptionRemoved")
    await called.until(lambda: subscriptions(called).present)
    assert first not in subscriptions(called).present
    called.event("danach")
    await called.until(lambda: called.arrived("danach"))
    await ended_well(process)


async def test_a_process_that_is_started_again_hears_its_own_subscription_and_ends_that_of_the_last_one(
    called: World,
) -> None:
    process = await started(called)
    await ended_well(process)
    (left,) = subscriptions(called).present
    process = await called.start("run")
    await called.until(lambda: left not in subscriptions(called).present)
    (own,) = subscriptions(called).present
    called.event("zweiter Lauf")
    await called.until(lambda: called.arrived("zweiter Lauf"))
    made = subscriptions(called).deliveries.made
    await called.until(lambda: own in {row["subscriptionId"] for one in made for row in one.notifications})
    await ended_well(process)
    assert set(subscriptions(called).present) == {own}
    assert {one.status for one in made} == {202}


async def test_forged_and_replayed_calls_cost_a_run_now_and_then(called: World, port: int) -> None:
    process = await started(called)
    called.event("echt")
    await called.until(lambda: called.arrived("echt"))
    made = subscriptions(called).deliveries.made
    await called.until(lambda: made and made[-1].status == 202)
    replayed = list(made[0].notifications)
    forged: list[dict[str, Any]] = [one | {"clientState": "0" * 64} for one in replayed]
    before = rounds(called)
    async with aiohttp.ClientSession() as session:
        for _ in range(100):
            for rows in (forged, replayed):
                address = f"http://127.0.0.1:{port}/doorbells/m365"
                async with session.post(address, json={"value": rows}) as answer:
                    assert (answer.status, await answer.read()) == (202, b"")
    called.event("danach", hours=2)
    await called.until(lambda: called.arrived("danach"))
    await ended_well(process)
    assert rounds(called) - before <= MOST_ROUNDS


async def test_without_a_public_address_no_port_is_opened_and_the_poll_finds_it(live: World, port: int) -> None:
    live.rewrite("poll_seconds: 2", f"poll_seconds: 1\n  listen: 127.0.0.1:{port}")
    process = await live.start("run")
    live.event("aus Outlook")
    await live.until(lambda: live.arrived("aus Outlook"))
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection("127.0.0.1", port)
    await ended_well(process)
    assert live.sandbox.graph.sent(path_contains="/subscriptions") == []


async def test_an_address_that_nobody_can_call_leaves_the_poll_and_is_told_once(live: World, port: int) -> None:
    live.rewrite(
        "poll_seconds: 2", f"poll_seconds: 1\n  public_url: http://127.0.0.1:9\n  listen: 127.0.0.1:{port}"
    )
    process = await live.start("run")
    live.event("aus Outlook")
    await live.until(lambda: live.arrived("aus Outlook"))
    await live.until(lambda: live.sandbox.graph.sent("POST", "/subscriptions"))
    live.event("später", hours=2)
    await live.until(lambda: live.arrived("später"))
    found = await stopped(process)
    assert found.code == 0
    (warning,) = found.warnings
    assert "account anna is only polled, its doorbell failed" in warning
    assert "service.public_url" in warning


async def test_a_port_that_is_taken_is_told_at_the_start(called: World, port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        ended = await called.command("run")
    assert ended.code != 0
    assert f"service.listen: cannot listen at 127.0.0.1:{port}" in ended.errors
