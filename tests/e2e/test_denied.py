"""What a server denies: single events are told, and everything else goes on; a missing right stops the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.app import App
from calsync.errors import AccountError
from calsync_sandbox.faults import Fault

if TYPE_CHECKING:
    from calsync.testing import FakeClock
    from tests.e2e.conftest import World


async def test_an_event_that_may_not_be_written_stops_no_other(world: World, clock: FakeClock) -> None:
    denied, other = world.appointment("Gesperrt"), world.appointment("Frei", hours=2)
    await world.settle()
    server = world.sandbox.graph
    server.faults.add(Fault(method="PATCH", path=world.in_outlook("Gesperrt")["id"], times=None, status=403))
    for entity in (denied, other):
        world.patch(entity, message="neu")
    for failed in (1, 0):  # then it waits
        result = (await world.sync_all()).accounts["anna"]
        assert result.ok, result.error
        assert result.right.failed == failed
        assert ("refused", 1) in [(message.reason, message.count) for message in result.messages]
    assert "neu" in world.in_outlook("Frei")["body"]["content"]
    server.faults.clear()
    clock.advance(3600)
    await world.settle()
    assert "neu" in world.in_outlook("Gesperrt")["body"]["content"]


async def test_a_calendar_that_is_denied_stops_its_account(world: World) -> None:
    entity = world.appointment()
    await world.settle()
    world.patch(entity, message="neu")
    world.sandbox.graph.faults.add(Fault(path="/events/", times=None, status=403))
    world.sandbox.graph.faults.add(Fault(method="GET", path="/calendars/[^/]+$", times=None, status=403))
    result = (await world.sync_all()).accounts["anna"]
    assert "denies access to the mailbox" in str(result.error)


async def test_without_the_trash_a_delete_is_found_by_two_looks(world: World) -> None:
    world.sandbox.flowfact.switches.rights -= {"trash"}
    entity = world.appointment("Entfällt")
    world.appointment("Bleibt", hours=2)
    await world.settle()
    world.delete(entity)
    await world.sync()
    assert len(world.anna.mailbox.events) == 2
    await world.sync()
    assert [event["subject"] for event in world.anna.mailbox.events.values()] == ["Bleibt"]
    world.expect_no_mail()


async def test_an_api_user_who_can_only_read_is_told_before_anything_is_written(world: World) -> None:
    for number in range(3):
        world.appointment(f"Termin {number}", hours=2 * number)
    world.event("Aus Outlook", hours=9)
    world.sandbox.flowfact.switches.rights = frozenset()
    async with App.open(world.configuration, clock=world.clock) as app:
        found = {one.message: one.severity for one in await app.check()}
    words = {"may change none of 3": "error", "trash may not be seen": "warning"}
    for part, severity in words.items():
        assert [found[message] for message in found if part in message] == [severity]
    with pytest.raises(AccountError, match="may change none of 3"):
        await world.sync_all()
    assert world.writes() == []
    world.configure("left_to_right")
    await world.settle()
    assert world.flowfact_writes() == []
    assert len(world.anna.mailbox.events) == 4
