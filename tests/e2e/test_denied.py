"""Single events that a server denies: they are told, and everything else goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
