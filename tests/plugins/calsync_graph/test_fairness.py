"""One application, many mailboxes: what Microsoft counts by mailbox holds up that mailbox alone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

import pytest

from calsync.errors import Retry
from calsync.ports import CalendarRequest
from calsync_sandbox.graph.trouble import refused

if TYPE_CHECKING:
    from calsync.ports import Calendar
    from calsync.sync.model import Draft
    from calsync_graph.provider import GraphProvider
    from calsync_sandbox.graph import GraphServer
    from calsync_sandbox.mailbox import Mailbox

SLOTS = 3
"""Requests at once by default."""


@pytest.fixture
async def tim(provider: GraphProvider, server: GraphServer) -> Calendar:
    address = server.add_mailbox("tim@example.de").address
    request = CalendarRequest(account="tim", settings={"mailbox": address}, timezone=ZoneInfo("Europe/Berlin"))
    return await provider.open(request)


@pytest.mark.parametrize(("status", "code"), [(429, "ApplicationThrottled"), (503, "ErrorServerBusy")])
async def test_a_mailbox_that_has_to_wait_lets_the_others_go_on(
    calendar: Calendar, tim: Calendar, server: GraphServer, status: int, code: str
) -> None:
    server.faults.add(refused(status, code, path="anna@example.de", after=600))
    with pytest.raises(Retry):
        await calendar.read(["AAkA1"])
    server.clear()
    assert await tim.read(["AAkA1"]) == {}
    with pytest.raises(Retry, match="asks to wait"):
        await calendar.read(["AAkA1"])
    assert [("tim@" in request.path) for request in server.requests] == [True]


async def test_parts_of_a_batch_that_were_too_many_hold_up_their_mailbox_alone(
    calendar: Calendar, tim: Calendar, server: GraphServer
) -> None:
    server.switches.rate_limit, server.switches.rate_window = 1, 600.0
    with pytest.raises(Retry):
        await calendar.read(["AAkA1", "AAkA2"])
    server.switches.rate_limit = None
    assert await tim.read(["AAkA1", "AAkA2"]) == {}
    with pytest.raises(Retry, match="asks to wait"):
        await calendar.read(["AAkA1", "AAkA2"])


async def test_requests_that_wait_for_their_mailbox_take_no_place(
    calendar: Calendar, tim: Calendar, server: GraphServer
) -> None:
    server.faults.add(refused(429, "ApplicationThrottled", path="anna@example.de", after=20))
    waiting = [asyncio.create_task(calendar.read([f"AAkA{number}"])) for number in range(2 * SLOTS)]
    while not server.sent("GET", "AAkA"):  # noqa: ASYNC110 - the server counts, and has no event for it
        await asyncio.sleep(0)
    async with asyncio.timeout(10):
        assert await tim.read(["AAkA1"]) == {}
    assert sum(task.done() for task in waiting) < SLOTS, "those that were under way with the refused one"
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


@pytest.mark.parametrize("scope", ["mailbox", "application"])
async def test_batches_and_what_is_read_beside_them_are_never_too_many_at_once(
    calendar: Calendar, tim: Calendar, server: GraphServer, scope: Literal["mailbox", "application"]
) -> None:
    server.switches.concurrency_scope = scope
    many, few = [f"AAkA{number}" for number in range(30)], ["AAkB1", "AAkB2"]
    reads = [one.read(ids) for _ in range(5) for one in (calendar, tim) for ids in (many, few, ["AAkC1"])]
    await asyncio.gather(*reads)
    assert 429 not in {request.status for request in server.requests}


async def test_a_large_calendar_goes_not_before_a_small_one(
    calendar: Calendar, tim: Calendar, server: GraphServer, mailbox: Mailbox, draft: Draft
) -> None:
    creates = asyncio.gather(*(calendar.create(draft, f"v1:{number}") for number in range(60)))
    while not server.sent("POST"):  # noqa: ASYNC110 - as above
        await asyncio.sleep(0)
    await tim.read(["AAkA1"])
    assert len(mailbox.events) <= 4 * SLOTS, "those under way, and one for each place that became free"
    await creates
    assert len(mailbox.events) == 60
    assert server.peak <= SLOTS
