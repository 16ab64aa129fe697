"""`calsync run` with Exchange's stream: changes arrive long before the poll; without a stream, by the poll."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.ports import SystemClock
from calsync_sandbox.ews import Trouble
from tests.e2e.conftest import stopped, world_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.e2e.conftest import World


@pytest.fixture
async def streamed(tmp_path: Path) -> AsyncIterator[World]:
    """Return a world with an Exchange Server that calsync listens to and polls once an hour."""
    async for world in world_at(SystemClock(), tmp_path, "exchange_ews"):
        world.rewrite("impersonate: true", "impersonate: true\n    streaming: true")
        world.rewrite("poll_seconds: 2", "poll_seconds: 3600")
        yield world


async def test_a_change_in_outlook_arrives_long_before_the_poll(streamed: World) -> None:
    subscriptions = streamed.sandbox.ews.state.subscriptions
    streamed.appointment("aus FLOWFACT")
    process = await streamed.start("run")
    await streamed.until(lambda: subscriptions.streams)
    event = streamed.event("aus Outlook", hours=2)
    await streamed.until(lambda: streamed.arrived("aus Outlook"))
    subscriptions.lose()  # as a server that is started again does
    streamed.anna.mailbox.edit(event["id"], {"subject": "aus Outlook, geändert"})
    await streamed.until(lambda: streamed.arrived("aus Outlook, geändert"))
    found = await stopped(process)
    assert found.code == 0
    assert "Traceback" not in found.errors
    assert found.warnings == []
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
    await streamed.until(lambda: streamed.arrived("aus Outlook"))
    ews = streamed.sandbox.ews
    await streamed.until(lambda: sum(b"<m:Subscribe>" in one.body for one in ews.requests) > 1)  # the first checks
    streamed.event("später", hours=4)
    await streamed.until(lambda: streamed.arrived("später"))
    found = await stopped(process)
    assert found.code == 0
    (warning,) = found.warnings
    assert "account anna is only polled, its doorbell failed" in warning


async def test_a_check_tells_of_the_doorbell(streamed: World) -> None:
    checked = await streamed.command("check")
    assert checked.code == 0, checked.errors
    assert "the server notifies calsync of changes" in checked.output
    assert streamed.sandbox.ews.state.subscriptions.by_id == {}
