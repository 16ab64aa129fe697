"""Subscriptions begin, last, are lost and are made anew, and what keeps them from it is told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from calsync.errors import AccountError, Retry
from calsync.ports import CalendarRequest
from calsync.web import Endpoint
from calsync_graph import doorbell
from calsync_graph.doorbell import LOOKS_AGAIN
from calsync_sandbox.faults import Fault
from calsync_sandbox.graph import GraphServer, subscriptions
from tests.plugins.calsync_graph.conftest import BERLIN
from tests.plugins.calsync_graph.doorbell.conftest import (
    BEGINS,
    CHANGED,
    GOES_ON,
    HOURS,
    SECONDS,
    Listening,
    Scene,
)

if TYPE_CHECKING:
    import pytest

    from calsync_sandbox.mailbox import Mailbox


async def test_what_is_asked_for(scene: Scene, mailbox: Mailbox) -> None:
    await scene.heard(mailbox)
    one = scene.subscription
    assert one.resource == f"/users/{mailbox.address}/events"
    assert one.change_types == {"created", "updated", "deleted"}
    assert one.notification_url == one.lifecycle_url == f"{scene.url}/doorbells/m365"
    assert len(one.client_state or "") >= 128 / 8 * 2
    assert one.until - scene.clock.now().timestamp() == 24 * HOURS


async def test_a_subscription_is_renewed_at_half_of_its_life(
    scene: Scene, mailbox: Mailbox, outlook: dict[str, Any]
) -> None:
    listening = await scene.heard(mailbox)
    name = scene.subscription.id
    for _ in range(5):
        await scene.pass_time(12 * HOURS)
        assert await listening.rung() == GOES_ON
    assert scene.subscription.id == name
    assert scene.subscription.until - scene.clock.now().timestamp() == 24 * HOURS
    assert (scene.sent("POST"), scene.sent("PATCH")) == (1, 5)
    mailbox.create(outlook)
    assert await listening.rung() == CHANGED


async def test_one_that_was_forgotten_by_the_server_is_made_anew(
    scene: Scene, mailbox: Mailbox, outlook: dict[str, Any]
) -> None:
    listening = await scene.heard(mailbox)
    scene.server.subscriptions.lose()
    await scene.pass_time(12 * HOURS)
    assert await listening.rung() == BEGINS
    mailbox.create(outlook)
    assert await listening.rung() == CHANGED


async def test_one_that_ended_while_the_machine_slept_is_made_anew(scene: Scene, mailbox: Mailbox) -> None:
    listening = await scene.heard(mailbox)
    await scene.pass_time(100 * HOURS)
    assert await listening.rung() == BEGINS
    assert (scene.sent("POST"), scene.sent("PATCH")) == (2, 0)


async def test_a_subscription_is_looked_at_every_ten_minutes_as_no_timer_runs_while_the_machine_sleeps(
    scene: Scene, mailbox: Mailbox
) -> None:
    await scene.heard(mailbox)
    await asyncio.wait_for(scene.clock.until_due(LOOKS_AGAIN), SECONDS)
    await scene.pass_time(LOOKS_AGAIN)
    await scene.until(lambda: not scene.clock.waking)
    await asyncio.wait_for(scene.clock.until_due(LOOKS_AGAIN), SECONDS)
    assert (scene.sent("POST"), scene.sent("PATCH")) == (1, 0)


async def test_one_that_cannot_be_renewed_is_given_up_for_a_new_one(scene: Scene, mailbox: Mailbox) -> None:
    listening = await scene.heard(mailbox)
    scene.server.faults.add(Fault(method="PATCH", status=503))
    await scene.pass_time(12 * HOURS)
    assert isinstance(await listening.error(), Retry)
    await scene.heard(mailbox)


async def test_a_removed_one_is_made_anew(scene: Scene, mailbox: Mailbox, outlook: dict[str, Any]) -> None:
    listening = await scene.heard(mailbox)
    scene.server.subscriptions.tell("subscriptionRemoved")
    assert await listening.rung() == BEGINS
    mailbox.create(outlook)
    assert await listening.rung() == CHANGED


async def test_a_server_that_removes_each_one_at_once_is_left_alone_for_a_while(
    scene: Scene, mailbox: Mailbox
) -> None:
    listening = await scene.heard(mailbox)
    for _ in range(doorbell.QUICK_ENDS - 1):
        scene.server.subscriptions.tell("subscriptionRemoved")
        assert await listening.rung() == BEGINS
    scene.server.subscriptions.tell("subscriptionRemoved")
    assert isinstance(await listening.error(), Retry)
    assert scene.sent("POST") == doorbell.QUICK_ENDS


async def test_a_life_that_is_over_when_it_begins_makes_no_storm(
    scene: Scene, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "stamp", lambda _: "2020-01-01T00:00:00Z")
    listening = await scene.heard(mailbox)
    for number in range(2, 4):
        await scene.pass_time(600)
        assert await listening.rung() == BEGINS
        assert scene.sent("POST") == number


async def test_one_that_must_be_authorised_again_is_renewed_at_once(
    scene: Scene, mailbox: Mailbox, outlook: dict[str, Any]
) -> None:
    listening = await scene.heard(mailbox)
    await scene.clock.until_sleeping()
    scene.clock.advance(1 * HOURS)
    scene.server.subscriptions.tell("reauthorizationRequired")
    assert await listening.rung() == GOES_ON
    mailbox.create(outlook)
    assert await listening.rung() == CHANGED


async def test_renewals_are_ten_minutes_apart_however_often_they_are_asked_for(
    scene: Scene, mailbox: Mailbox
) -> None:
    listening = await scene.heard(mailbox)
    await scene.clock.until_sleeping()
    for _ in range(3):
        await scene.call(scene.told(lifecycleEvent="reauthorizationRequired"))
    assert scene.sent("PATCH") == 0
    await scene.pass_time(600)
    assert await listening.rung() == GOES_ON
    for _ in range(3):
        await scene.call(scene.told(lifecycleEvent="reauthorizationRequired"))
    assert scene.sent("PATCH") == 1


async def test_an_address_that_cannot_be_called_is_told_with_its_key(
    scene: Scene, mailbox: Mailbox, connection: dict[str, Any]
) -> None:
    provider = scene.open(connection, Endpoint("http://127.0.0.1:9"))
    request = CalendarRequest(account="anna", settings={"mailbox": mailbox.address}, timezone=BERLIN)
    listening = Listening(await provider.open(request))
    error = await listening.error()
    assert isinstance(error, AccountError)
    assert "service.public_url" in str(error)
    await provider.close()


async def test_where_the_address_cannot_be_called_all_that_wait_fail_at_once_for_a_minute(
    scene: Scene, mailbox: Mailbox, server: GraphServer, connection: dict[str, Any]
) -> None:
    """Microsoft tries an address for ten seconds: mailboxes that wait for their turn would wait for minutes."""
    held = asyncio.Event()
    server.faults.add(Fault(method="POST", path="/subscriptions", status=None, hold=held))
    provider = scene.open(connection, Endpoint("http://127.0.0.1:9"))

    async def listen(address: str) -> Listening:
        request = CalendarRequest(account="anna", settings={"mailbox": address}, timezone=BERLIN)
        return Listening(await provider.open(request))

    addresses = [server.add_mailbox(f"person{number}@example.de").address for number in range(8)]
    listening = [await listen(address) for address in addresses]
    await scene.until(lambda: server.peak)
    held.set()
    errors = [await one.error() for one in listening]
    assert all("service.public_url" in str(error) for error in errors)
    assert scene.sent("POST") == 1
    scene.clock.advance(60)
    assert "service.public_url" in str(await (await listen(mailbox.address)).error())
    assert scene.sent("POST") == 2
    await provider.close()


async def test_a_refusal_that_is_about_one_mailbox_keeps_no_other_from_its_subscription(
    scene: Scene, mailbox: Mailbox, server: GraphServer
) -> None:
    server.faults.add(Fault(method="POST", path="/subscriptions", status=403, body=b"{}"))
    assert isinstance(await (await scene.listen(server.add_mailbox("bert@example.de"))).error(), AccountError)
    await scene.heard(mailbox)


async def test_a_server_that_is_busy_says_when_to_ask_again_and_the_sync_goes_on(
    scene: Scene, mailbox: Mailbox
) -> None:
    fault = Fault(method="POST", path="/subscriptions", status=429, headers={"Retry-After": "120"})
    scene.server.faults.add(fault)
    listening = await scene.listen(mailbox)
    error = await listening.error()
    assert isinstance(error, Retry)
    assert error.after == 120
    await asyncio.wait_for(scene.calendar(mailbox), SECONDS)
    other = await scene.listen(mailbox)
    assert isinstance(await other.error(), Retry)
    assert scene.sent("POST") == 1


async def test_a_lost_answer_is_tried_again_by_the_host(scene: Scene, mailbox: Mailbox) -> None:
    scene.server.faults.add(Fault(method="POST", path="/subscriptions", drop=True, after_commit=True))
    listening = await scene.listen(mailbox)
    assert isinstance(await listening.error(), Retry)
    await scene.heard(mailbox)


async def test_many_mailboxes_subscribe_one_by_one(scene: Scene, server: GraphServer) -> None:
    held = asyncio.Event()
    server.faults.add(Fault(method="POST", path="/subscriptions", status=None, hold=held, times=None))
    mailboxes = [server.add_mailbox(f"person{number}@example.de") for number in range(8)]
    listening = [await scene.listen(one) for one in mailboxes]
    server.clear()
    await scene.until(lambda: server.peak)
    held.set()
    assert [await one.rung() for one in listening] == [BEGINS] * 8
    assert server.peak == 1
