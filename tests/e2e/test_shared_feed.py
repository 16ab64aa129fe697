"""Many accounts of one FLOWFACT tenant: one search for all, and a change runs the one that it is about."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote

from calsync.app import App
from calsync_sandbox.sandbox import Account, Person
from tests.e2e.conftest import value

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

    from calsync.testing import FakeClock
    from tests.e2e.conftest import World

COUNT = 6
POLL = 3600
ROUND = POLL * 1.1 + 1
"""After so many seconds each account has run."""


@asynccontextmanager
async def serving(world: World, clock: FakeClock) -> AsyncIterator[list[Person]]:
    """Run the service for many people, each with one appointment, until none has anything left to do."""
    others = [
        world.sandbox.add_person(f"kollege{number}@example.de", first="Kai", last=f"Kollege {number}")
        for number in range(COUNT - 1)
    ]
    people = [world.anna, *others]
    world.configure(accounts=[Account(name=f"a{number}", person=one) for number, one in enumerate(people)])
    world.rewrite("poll_seconds: 2", f"poll_seconds: {POLL}")
    for number, person in enumerate(people):
        world.appointment(f"Termin {number}", assignee=person.user["id"], hours=number)
    stop = asyncio.Event()
    async with App.open(world.configuration, clock=clock) as app:
        service = asyncio.create_task(app.run(stop, asyncio.Event()))
        for _ in range(3):
            await rested(world, clock)
            clock.advance(ROUND)
        await rested(world, clock)
        yield people
        stop.set()
        await service


async def rested(world: World, clock: FakeClock) -> None:
    """Wait until each account waits for its next run, and one of them for the next read of all."""
    await world.until(lambda: clock.sleepers >= COUNT + 1 and not clock.waking)


def ran(world: World, person: Person) -> int:
    """Return how many runs asked a person's mailbox what changed."""
    asked = [one.path for one in world.sandbox.graph.requests if one.path.endswith("/calendarView/delta")]
    return sum(f"/{person.address}/" in unquote(path) for path in asked)


async def test_a_round_without_changes_costs_one_search_for_all(world: World, clock: FakeClock) -> None:
    async with serving(world, clock) as people:
        world.clear()
        clock.advance(ROUND)
        await world.until(lambda: all(ran(world, one) for one in people))
        await rested(world, clock)
        assert len(world.sandbox.flowfact.sent("POST", "/search-service/")) == 1
        assert len(world.sandbox.flowfact.requests) <= 3  # a new session, and now and then the trash


async def test_a_change_runs_its_account_and_no_other(
    world: World, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(world, clock) as people:
        mine = world.in_flowfact("Termin 3")
        with caplog.at_level(logging.DEBUG, "calsync.service"):
            clock.advance(POLL * 0.5)
            world.patch(mine, subject="verlegt")
            world.clear()
            await ring(world, clock)
            await clock.until_due(1)
            clock.advance(1)  # the ring settles
            await world.until(lambda: any(e["subject"] == "verlegt" for e in people[3].mailbox.events.values()))
        assert [one for one in caplog.messages if "is woken" in one] == [
            "account a3 is woken: FLOWFACT tells of a change"
        ]
        await rested(world, clock)


async def ring(world: World, clock: FakeClock) -> None:
    """Let time pass in small steps until FLOWFACT has been searched, before most accounts are due."""
    while not world.sandbox.flowfact.sent("POST", "/search-service/"):
        clock.advance(POLL * 0.02)
        await rested(world, clock)


async def test_an_appointment_that_changes_hands_leaves_one_account_for_the_other(
    world: World, clock: FakeClock
) -> None:
    async with serving(world, clock) as people:
        mine = world.in_flowfact("Termin 2")
        world.patch(mine, assignee=people[4].user["id"])
        for _ in range(3):
            clock.advance(ROUND)
            await rested(world, clock)
        await world.until(lambda: len(people[4].mailbox.events) == 2)
        assert value(world.in_flowfact("Termin 2"), "assignee") == people[4].user["id"]
        waiting = [event["subject"] for event in people[2].mailbox.events.values()]
        assert waiting == ["Termin 2"]  # held: a person decides what becomes of the copy
        assert world.sandbox.mails.sent == []


async def test_after_a_restart_all_accounts_go_on_where_they_were(world: World, clock: FakeClock) -> None:
    async with serving(world, clock) as people:
        pass
    world.patch(world.in_flowfact("Termin 5"), subject="über Nacht geändert")
    clock.advance(600)
    world.clear()
    async with App.open(world.configuration, clock=clock) as app:
        result = await app.sync(None)
    assert all(one.ok for one in result.accounts.values())
    assert {name: one.right.updated for name, one in result.accounts.items() if one.right.writes} == {"a5": 1}
    (event,) = people[5].mailbox.events.values()
    assert event["subject"] == "über Nacht geändert"
    changes = [
        one for one in world.sandbox.flowfact.sent("POST", "/search-service/") if b"lastModified" in one.body
    ]
    assert len(changes) == 1
