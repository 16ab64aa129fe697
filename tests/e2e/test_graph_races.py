"""Somebody is quicker: what happens in Outlook between calsync's read and its write, or behind a lost answer."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync_sandbox.graph.trouble import lost, refused
from tests.e2e.conftest import ended, utc, value
from tests.e2e.test_throttling import passing

if TYPE_CHECKING:
    from typing import Any

    from aiohttp.web import Request

    from calsync.testing import FakeClock
    from tests.e2e.conftest import World


@pytest.mark.parametrize("if_match", [True, False])
async def test_an_edit_between_the_read_and_the_write_arrives(world: World, if_match: bool) -> None:
    world.sandbox.graph.switches.if_match = if_match
    entity = world.appointment()
    await world.settle()
    event_id = world.in_outlook()["id"]
    edits = [{"body": {"contentType": "text", "content": "Schlüssel mitnehmen"}}]

    def edit(request: Request) -> None:
        if request.method == "PATCH" and edits:
            world.anna.mailbox.edit(event_id, edits.pop())

    world.at_each_request(edit)
    world.patch(entity, subject="Besichtigung Gartenstraße")
    await world.settle()
    assert edits == []
    await world.settle()
    world.expect_converged(1)
    assert "Schlüssel" in world.in_outlook("Besichtigung Gartenstraße")["body"]["content"]
    assert "Schlüssel" in value(world.in_flowfact("Besichtigung Gartenstraße"), "message")


@pytest.mark.parametrize("survives", [True, False], ids=["its id stays taken", "its id is free again"])
async def test_a_lost_create_that_its_user_deleted_at_once(world: World, clock: FakeClock, survives: bool) -> None:
    world.sandbox.graph.switches.transactions_survive_delete = survives
    world.sandbox.graph.faults.add(lost(method="POST", path="/events$"))
    world.appointment()
    await world.sync_all()
    world.anna.mailbox.delete(world.in_outlook()["id"])
    for _ in range(6):
        clock.advance(3600)
        await world.sync_all()
    clock.advance(timedelta(days=1).total_seconds())
    await world.settle()
    copies = [event for event in world.anna.mailbox.events.values() if event["subject"] == "Besichtigung"]
    assert len(copies) == len(world.sandbox.flowfact.entities) <= 1
    world.expect_converged(len(copies))


async def test_a_meeting_whose_delete_is_denied_because_it_is_cancelled(world: World) -> None:
    entity = world.appointment()
    await world.settle()
    event_id = world.in_outlook()["id"]
    world.anna.mailbox.edit(event_id, {"isCancelled": True})
    world.sandbox.graph.faults.add(refused(403, "ErrorAccessDenied", method="DELETE", times=None))
    world.delete(entity)
    await world.settle()
    await world.settle()
    world.expect_no_mail()
    assert world.sandbox.flowfact.entities == {}


async def test_an_online_meeting_keeps_its_join_link(world: World) -> None:
    event = world.event(isOnlineMeeting=True, body={"contentType": "html", "content": "<p>Teams</p>"})
    await world.settle()
    world.patch(world.in_flowfact(), message="neu", subject="Neuer Titel")
    await world.settle()
    assert world.anna.mailbox.events[event["id"]]["subject"] == "Neuer Titel"
    assert "Teams" in world.anna.mailbox.events[event["id"]]["body"]["content"]
    assert world.anna.mailbox.lost_join_links == []
    assert all(b'"body"' not in request.body for request in world.sandbox.graph.sent("PATCH"))


async def test_an_address_that_somebody_else_gets_is_not_followed(live: World) -> None:
    """The service keeps its calendars open: it reads nothing of the stranger, and deletes and writes nothing."""
    live.rewrite("poll_seconds: 2", "poll_seconds: 1")
    live.appointment("aus FLOWFACT")
    live.event("aus Outlook", hours=2)
    graph, flowfact = live.sandbox.graph, live.sandbox.flowfact
    process = await live.start("run")
    await live.until(lambda: len(flowfact.entities) == len(live.anna.mailbox.events) == 2)
    stranger = graph.add_mailbox("chef@example.de")
    stranger.create({"subject": "Geheim", "start": utc(live.at(3)), "end": utc(live.at(4))})
    graph.readdress(live.anna.mailbox, "anna.neu@example.de")
    graph.readdress(stranger, "anna@example.de")
    graph.feed(stranger).evict(410, "SyncStateNotFound")
    live.clear()
    asked = "/v1.0/users/anna@example.de/calendar"
    await live.until(lambda: [request.path for request in graph.requests].count(asked) > 1)
    process.terminate()
    assert "leads to another calendar" in (await ended(process)).errors
    assert {value(entity, "subject") for entity in flowfact.entities.values()} == {"aus FLOWFACT", "aus Outlook"}
    assert live.writes() == []
    live.expect_no_mail()


GUEST = "gast@kunde.example"


def change(world: World, entity: dict[str, Any], method: str) -> None:
    """Change an appointment so that its event in Outlook is written to."""
    if method == "PATCH":
        world.patch(entity, subject="Besichtigung Gartenstraße")
    else:
        world.delete(entity)


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
@pytest.mark.parametrize("after", [5, 25, 600])
async def test_somebody_is_invited_while_the_server_wants_a_pause(
    world: World, clock: FakeClock, method: str, after: int
) -> None:
    """What was read before the pause is too old for a write behind it, whether versions are heeded or not."""
    world.sandbox.graph.switches.if_match = False
    entity = world.appointment()
    await world.settle()
    event_id = world.in_outlook()["id"]
    world.sandbox.graph.faults.add(refused(429, "ApplicationThrottled", after=after, method=method))
    asked: list[str] = []

    def invite(request: Request) -> None:
        if request.method == method:
            asked.append(method)
            world.anna.mailbox.add_attendee(event_id, GUEST)

    world.at_each_request(invite)
    change(world, entity, method)
    async with passing(clock):
        await world.sync_all()
        assert asked == [method]
        clock.advance(3600)
        result = await world.sync_all()
    assert asked == [method]
    assert ("has_attendees", 1) in [(one.reason, one.count) for one in result.accounts["anna"].messages]
    world.expect_no_mail()


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_somebody_is_invited_between_the_read_and_the_write(world: World, method: str) -> None:
    """Where the version is heeded. Where it is not, see the next test: that moment cannot be closed."""
    entity = world.appointment()
    await world.settle()
    event_id = world.in_outlook()["id"]
    asked: list[str] = []

    def invite(request: Request) -> None:
        if request.method == method:
            asked.append(method)
            world.anna.mailbox.add_attendee(event_id, GUEST)

    world.at_each_request(invite)
    change(world, entity, method)
    await world.sync_all()
    result = await world.sync_all()
    assert asked == [method]
    assert ("has_attendees", 1) in [(one.reason, one.count) for one in result.accounts["anna"].messages]
    assert world.in_outlook()["attendees"]
    world.expect_no_mail()


async def test_a_write_to_somebody_who_was_just_invited_is_told(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Versions are not heeded: Exchange may have mailed. calsync says so, and does not write once more."""
    world.sandbox.graph.switches.if_match = False
    entity = world.appointment()
    await world.settle()
    event_id = world.in_outlook()["id"]
    asked: list[str] = []

    def invite(request: Request) -> None:
        if request.method == "PATCH":
            asked.append(request.method)
            world.anna.mailbox.add_attendee(event_id, GUEST)

    world.at_each_request(invite)
    change(world, entity, "PATCH")
    await world.sync_all()
    assert "somebody was invited" in caplog.text
    assert GUEST not in caplog.text
    world.patch(entity, subject="Noch einmal")
    result = await world.sync_all()
    assert asked == ["PATCH"]
    assert ("has_attendees", 1) in [(one.reason, one.count) for one in result.accounts["anna"].messages]
