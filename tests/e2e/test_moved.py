"""Somebody moves appointments to another calendar of the mailbox: that is no delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync_sandbox.sandbox import Sandbox
from tests.e2e.conftest import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from calsync.testing import FakeClock
    from calsync_sandbox.configuration import Exchange


@pytest.fixture(params=["graph", "exchange_ews", "another make"])
async def world(request: pytest.FixtureRequest, clock: FakeClock, tmp_path: Path) -> AsyncIterator[World]:
    exchange: Exchange = "graph" if request.param == "graph" else "exchange_ews"
    async with Sandbox(exchange=exchange, now=lambda: clock.now().timestamp()) as sandbox:
        if request.param == "another make":
            sandbox.ews.switches.become_another_make()
        anna = sandbox.add_person("anna@example.de", first="Anna", last="Berg")
        yield World(sandbox, clock, anna, tmp_path)


async def test_an_appointment_in_another_calendar_is_not_deleted(world: World) -> None:
    mailbox = world.anna.mailbox
    crm = world.appointment("Aus FLOWFACT")
    outlook = world.event("Aus Outlook", hours=2)
    deleted = world.event("Entfällt", hours=4)
    await world.settle()
    team = mailbox.add_calendar("Team")
    moved = [world.in_outlook("Aus FLOWFACT")["id"], outlook["id"]]
    for each in moved:
        mailbox.move_to_calendar(each, team)
    mailbox.delete(deleted["id"])
    first, second = await world.sync(), await world.sync()
    assert (first.left.deleted, second.left.deleted) == (1, 0)
    assert second.left.held == 2
    assert world.in_flowfact("Aus FLOWFACT")["id"] == crm["id"]
    assert world.in_flowfact("Aus Outlook")
    world.expect_no_mail()

    for each in moved:
        mailbox.move_to_calendar(each, mailbox.store.primary)
    await world.settle()
    world.expect_converged(2)
    assert world.in_flowfact("Aus FLOWFACT")["id"] == crm["id"]
