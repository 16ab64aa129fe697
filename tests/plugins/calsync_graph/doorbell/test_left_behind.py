"""Subscriptions that a former process left are ended, those of nobody else."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import Retry
from calsync.ports import CalendarRequest
from calsync.web import Endpoint
from calsync_graph.subscriptions import Subscriptions
from calsync_sandbox.faults import Fault
from tests.plugins.calsync_graph.conftest import BERLIN
from tests.plugins.calsync_graph.doorbell.conftest import BEGINS, CHANGED, Listening, Scene

if TYPE_CHECKING:
    from calsync_sandbox.graph import GraphServer
    from calsync_sandbox.mailbox import Mailbox


async def left_behind(scene: Scene, connection: dict[str, Any], *mailboxes: Mailbox) -> set[str]:
    """Let a process end whose subscriptions to mailboxes go on, and the next one begin; return their ids."""
    for one in mailboxes:
        await scene.heard(one)
    for listening in scene.listening:
        await listening.end()
    scene.listening.clear()
    await scene.provider.close()
    scene.provider = scene.open(connection, scene.endpoint)
    scene.server.clear()
    return set(scene.server.subscriptions.present)


async def test_what_a_former_process_left_is_ended_where_it_is_in_the_way(
    scene: Scene, mailbox: Mailbox, server: GraphServer, connection: dict[str, Any]
) -> None:
    bert = server.add_mailbox("bert@example.de")
    left = await left_behind(scene, connection, mailbox, bert)
    server.switches.refuse_duplicate_subscription = True
    for one in (mailbox, bert):
        await scene.heard(one)
    assert len(server.subscriptions.present) == 2
    assert left.isdisjoint(server.subscriptions.present)


async def test_what_a_former_process_left_is_ended_also_for_a_mailbox_that_nobody_listens_to_now(
    scene: Scene, mailbox: Mailbox, server: GraphServer, connection: dict[str, Any], outlook: dict[str, Any]
) -> None:
    left = await left_behind(scene, connection, mailbox, server.add_mailbox("bert@example.de"))
    listening = await scene.heard(mailbox)
    await scene.until(lambda: left.isdisjoint(server.subscriptions.present))
    assert scene.subscription.mailbox is mailbox
    mailbox.create(outlook)
    assert await listening.rung() == CHANGED
    server.subscriptions.tell("subscriptionRemoved")
    assert await listening.rung() == BEGINS
    assert (scene.sent("GET"), scene.sent("DELETE")) == (1, 2)


async def test_all_mailboxes_have_their_subscription_before_the_first_is_ended(
    scene: Scene, mailbox: Mailbox, server: GraphServer, connection: dict[str, Any]
) -> None:
    mailboxes = [mailbox, *(server.add_mailbox(f"person{number}@example.de") for number in range(3))]
    left = await left_behind(scene, connection, *mailboxes)
    held = asyncio.Event()
    server.faults.add(Fault(method="POST", path="/subscriptions", status=None, hold=held))
    for one in mailboxes:
        await scene.listen(one)
    await scene.until(lambda: server.peak)
    held.set()
    await scene.until(lambda: left.isdisjoint(server.subscriptions.present))
    methods = [one.method for one in server.sent(path_contains="/subscriptions")]
    assert methods == ["POST"] * 4 + ["GET"] + ["DELETE"] * 4


async def test_a_process_that_is_not_called_at_the_address_ends_nothing_of_the_one_that_is(
    scene: Scene, mailbox: Mailbox, connection: dict[str, Any], outlook: dict[str, Any]
) -> None:
    listening = await scene.heard(mailbox)
    elsewhere = scene.open(connection, Endpoint(scene.url))
    request = CalendarRequest(account="anna", settings={"mailbox": mailbox.address}, timezone=BERLIN)
    uncalled = Listening(await elsewhere.open(request))
    scene.listening.append(uncalled)
    assert await uncalled.rung() == BEGINS
    await scene.clock.until_sleeping(2)
    assert (scene.sent("GET"), scene.sent("DELETE")) == (1, 0)
    mailbox.create(outlook)
    assert await listening.rung() == CHANGED
    await elsewhere.close()


async def test_what_calls_another_address_goes_on(
    scene: Scene, mailbox: Mailbox, server: GraphServer, connection: dict[str, Any]
) -> None:
    """Another connection of the same application."""
    (left,) = await left_behind(scene, connection, mailbox)
    (other,) = server.subscriptions.present.values()
    other.notification_url += "-of-another-connection"
    await scene.heard(mailbox)
    await scene.clock.until_sleeping()
    assert left in server.subscriptions.present
    assert scene.sent("DELETE") == 0


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_what_cannot_be_ended_is_in_nobodys_way(
    scene: Scene,
    mailbox: Mailbox,
    server: GraphServer,
    connection: dict[str, Any],
    outlook: dict[str, Any],
    method: str,
) -> None:
    left = await left_behind(scene, connection, mailbox)
    server.faults.add(Fault(method=method, path="/subscriptions", status=503))
    listening = await scene.heard(mailbox)
    await scene.until(lambda: scene.sent(method))
    mailbox.create(outlook)
    while await listening.rung() != CHANGED:
        pass
    assert not listening.task.done()
    assert left <= server.subscriptions.present.keys()


async def test_one_that_may_not_be_ended_keeps_no_other_one(
    scene: Scene, mailbox: Mailbox, server: GraphServer, connection: dict[str, Any]
) -> None:
    """As the mailbox of somebody whom the application may not reach any more."""
    left = await left_behind(scene, connection, mailbox, server.add_mailbox("bert@example.de"))
    server.faults.add(Fault(method="DELETE", path="/subscriptions", status=403))
    await scene.heard(mailbox)
    await scene.until(lambda: scene.sent("DELETE") == 2)
    await scene.until(lambda: len(left & server.subscriptions.present.keys()) == 1)


async def test_who_leaves_in_the_middle_of_ending_them_leaves_the_rest_to_the_next_one(
    scene: Scene, mailbox: Mailbox, server: GraphServer, connection: dict[str, Any]
) -> None:
    bert = server.add_mailbox("bert@example.de")
    left = await left_behind(scene, connection, mailbox, bert)
    held = asyncio.Event()
    server.faults.add(Fault(method="DELETE", path="/subscriptions", status=None, hold=held))
    leaving = await scene.heard(mailbox)
    server.clear()
    await scene.until(lambda: server.peak)
    await leaving.end()
    held.set()
    await scene.listen(bert)
    await scene.until(lambda: left.isdisjoint(server.subscriptions.present))


async def test_a_bug_on_looking_for_them_keeps_nobody_from_listening(
    scene: Scene, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def left(*_: Any) -> Any:
        raise KeyError("a bug")

    monkeypatch.setattr(Subscriptions, "left", left)
    listening = await scene.listen(mailbox)
    assert isinstance(await listening.error(), KeyError)
    again = await scene.listen(mailbox)
    while await again.rung() != BEGINS:
        pass
    await scene.clock.until_sleeping()
    assert not again.task.done()


async def test_they_are_ended_although_the_last_mailbox_gets_no_subscription(
    scene: Scene,
    mailbox: Mailbox,
    server: GraphServer,
    connection: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bert = server.add_mailbox("bert@example.de")
    left, make = await left_behind(scene, connection, mailbox), Subscriptions.make

    async def some(self: Subscriptions, address: str, known: Any) -> Any:
        if "bert" in address:
            raise Retry("busy")
        return await make(self, address, known)

    monkeypatch.setattr(Subscriptions, "make", some)
    for one in (mailbox, bert):
        await scene.listen(one)
    await scene.until(lambda: left.isdisjoint(server.subscriptions.present))
