"""`calsync run` with Exchange's stream: changes arrive long before the poll; without a stream, by the poll."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from calsync.ports import SystemClock
from calsync_sandbox.ews import Trouble
from tests.e2e.conftest import value, world_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.e2e.conftest import World

SECONDS_TO_STOP = 10


@pytest.fixture
async def streamed(tmp_path: Path) -> AsyncIterator[World]:
    """Return a world with an Exchange Server that calsync listens to and polls once an hour."""
    async for world in world_at(SystemClock(), tmp_path, "exchange_ews"):
        world.rewrite("impersonate: true", "impersonate: true\n    streaming: true")
        world.rewrite("poll_seconds: 2", "poll_seconds: 3600")
        yield world


def in_flowfact(world: World, subject: str) -> bool:
    return any(value(one, "subject") == subject for one in world.sandbox.flowfact.entities.values())


async def test_a_change_in_outlook_arrives_long_before_the_poll(streamed: World) -> None:
    subscriptions = streamed.sandbox.ews.state.subscriptions
    streamed.appointment("aus FLOWFACT")
    process = await streamed.start("run")
    await streamed.until(lambda: subscriptions.streams)
    event = streamed.event("aus Outlook", hours=2)
    await streamed.until(lambda: in_flowfact(streamed, "aus Outlook"))
    subscriptions.lose()  # as a server that is started again does
    streamed.anna.mailbox.edit(event["id"], {"subject": "aus Outlook, geändert"})
    await streamed.until(lambda: in_flowfact(streamed, "aus Outlook, geändert"))
    process.terminate()
    _, errors = await asyncio.wait_for(process.communicate(), SECONDS_TO_STOP)
    assert process.returncode == 0
    assert b"Traceback" not in errors
    assert b" WARNING " not in errors
    streamed.expect_converged(2)
    streamed.expect_no_mail()
    rounds = [one for one in streamed.sandbox.ews.requests if b"<m:SyncFolderItems>" in one.body]
    assert len(rounds) <= 10  # what calsync writes rings too, and makes one more run each time


async def test_an_exchange_without_streaming_is_polled_and_the_log_says_so_once(streamed: World) -> None:
    streamed.rewrite("poll_seconds: 3600", "poll_seconds: 1")
    refused = Trouble(code="ErrorInvalidSubscriptionRequest", operation="Subscribe", times=None)
    streamed.sandbox.ews.state.troubles.add(refused)
    process = await streamed.start("run")
    streamed.event("aus Outlook", hours=2)
    await streamed.until(lambda: in_flowfact(streamed, "aus Outlook"))
    ews = streamed.sandbox.ews
    await streamed.until(lambda: sum(b"<m:Subscribe>" in one.body for one in ews.requests) > 1)  # the first checks
    streamed.event("später", hours=4)
    await streamed.until(lambda: in_flowfact(streamed, "später"))
    process.terminate()
    _, errors = await asyncio.wait_for(process.communicate(), SECONDS_TO_STOP)
    assert process.returncode == 0
    warnings = [line for line in errors.decode().splitlines() if " WARNING " in line]
    assert len(warnings) == 1, warnings
    assert "account anna is only polled, its doorbell failed" in warnings[0]


async def test_a_check_tells_of_the_doorbell(streamed: World) -> None:
    checked = await streamed.command("check")
    assert checked.code == 0, checked.errors
    assert "the server notifies calsync of changes" in checked.output
    assert streamed.sandbox.ews.state.subscriptions.by_id == {}
