"""`calsync run`: changes arrive while it runs, and SIGTERM ends it in time and in order, whatever is under way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import calsync.service.service
from calsync.app import App
from calsync_sandbox.faults import Fault
from calsync_sandbox.sandbox import Account
from tests.e2e.conftest import SECONDS_TO_STOP, ended, logged, stopped

if TYPE_CHECKING:
    from calsync.testing import FakeClock
    from tests.e2e.conftest import World

EVENTS = 120


def fill(world: World) -> None:
    for number in range(EVENTS):
        if number % 2:
            world.event(f"Rückruf {number}", hours=number)
        else:
            world.appointment(f"Besichtigung {number}", hours=number)


async def test_changes_arrive_while_it_runs(live: World) -> None:
    live.rewrite("poll_seconds: 2", "poll_seconds: 1")
    entity = live.appointment("aus FLOWFACT")
    process = await live.start("run")
    await live.until(lambda: find(live, "aus FLOWFACT"))
    live.event("aus Outlook", hours=2)
    live.patch(entity, subject="aus FLOWFACT, verschoben")
    live.move(entity, 3)
    await live.until(lambda: find(live, "aus FLOWFACT, verschoben") and len(live.sandbox.flowfact.entities) == 2)
    found = await stopped(process)
    assert (found.code, found.output) == (0, "")
    assert "created 1" in found.errors
    live.expect_converged(2)
    live.expect_no_mail()


async def test_an_account_that_somebody_must_mend_stops_no_other_one(live: World) -> None:
    kai = live.sandbox.add_person("kai@example.de", first="Kai", last="Kollege")
    kai.mailbox.can_edit = False
    live.configure(accounts=[Account(name="anna", person=live.anna), Account(name="kai", person=kai)])
    live.rewrite("poll_seconds: 2", "poll_seconds: 1")
    live.appointment()
    process = await live.start("run")
    log = await logged(process, "account kai failed")
    await live.until(lambda: find(live, "Besichtigung"))
    live.event("Teamrunde", hours=2)
    await live.until(lambda: len(live.sandbox.flowfact.entities) == 2)
    found = await stopped(process, log)
    assert found.code == 0
    (warning,) = found.warnings
    assert "account kai failed" in warning
    assert "the calendar can only be read: give the application" in warning
    live.expect_converged(2)


def find(world: World, subject: str) -> Any:
    return [event for event in world.anna.mailbox.events.values() if event["subject"] == subject]


async def test_sigterm_in_the_middle_of_a_first_sync(live: World) -> None:
    live.rewrite("overlap_seconds: 120", "overlap_seconds: 1")
    fill(live)
    process, told = await live.start("run"), asyncio.Event()

    def terminate() -> None:
        process.terminate()
        told.set()

    live.at_request(40, terminate)
    await asyncio.wait_for(told.wait(), 60)
    found = await asyncio.wait_for(ended(process), SECONDS_TO_STOP)
    assert found.code == 0
    assert "Traceback" not in found.errors
    live.at_request(0, lambda: None)
    await live.settle()
    live.expect_converged(EVENTS)
    assert len(live.sandbox.flowfact.entities) == len(live.anna.mailbox.events) == EVENTS


@pytest.mark.parametrize("after_commit", [True, False])
async def test_a_stop_does_not_wait_for_a_server_that_hangs(
    world: World, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, after_commit: bool
) -> None:
    monkeypatch.setattr(calsync.service.service, "STOP_SECONDS", 0.1)
    fill(world)
    released, stop = asyncio.Event(), asyncio.Event()
    hanging = Fault(
        method="POST", path="/entity-service/schemas/", status=None, hold=released, after_commit=after_commit
    )
    world.sandbox.flowfact.faults.add(hanging)
    async with App.open(world.configuration, clock=clock) as app:
        service = asyncio.create_task(app.run(stop, asyncio.Event()))
        await world.until(lambda: not world.sandbox.flowfact.faults.waiting)
        stop.set()
        await asyncio.wait_for(service, SECONDS_TO_STOP)
    released.set()
    for _ in range(3):  # the marker of a create whose answer was lost may be unseen for two minutes
        clock.advance(121)
        await world.settle()
    world.expect_converged(EVENTS)
    assert len(world.sandbox.flowfact.entities) == len(world.anna.mailbox.events) == EVENTS
