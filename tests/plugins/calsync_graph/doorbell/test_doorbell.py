"""The doorbell, a server and the address that it calls: what rings, and calls that are forged or repeated."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from calsync.testing.contract.listening import ListeningContract
from calsync_graph.subscriptions import Subscriptions
from tests.plugins.calsync_graph.doorbell.conftest import CHANGED, SECONDS, Scene
from tests.plugins.calsync_graph.test_contract import GraphUnderTest

if TYPE_CHECKING:
    from calsync.ports import Calendar
    from calsync.testing.contract import UnderTest
    from calsync_sandbox.graph import GraphServer
    from calsync_sandbox.mail import MailLog
    from calsync_sandbox.mailbox import Mailbox


class TestListening(ListeningContract):
    @pytest.fixture
    async def calendar_under_test(
        self, scene: Scene, server: GraphServer, mailbox: Mailbox, mails: MailLog
    ) -> UnderTest:
        return GraphUnderTest(await scene.calendar(mailbox), server, mailbox, mails)


async def test_without_a_public_address_there_is_no_doorbell(calendar: Calendar, server: GraphServer) -> None:
    await asyncio.wait_for(calendar.listen(lambda _: pytest.fail("nobody rings")), SECONDS)
    assert server.sent(path_contains="/subscriptions") == []


async def test_each_change_rings(scene: Scene, mailbox: Mailbox, outlook: dict[str, Any]) -> None:
    listening = await scene.heard(mailbox)
    event = mailbox.create(outlook)
    assert await listening.rung() == CHANGED
    mailbox.edit(event["id"], {"subject": "Neu"})
    assert await listening.rung() == CHANGED
    mailbox.delete(event["id"])
    assert await listening.rung() == CHANGED
    assert {one.status for one in scene.server.subscriptions.deliveries.made} == {202}


async def test_each_mailbox_has_a_secret_of_its_own(scene: Scene, mailbox: Mailbox, server: GraphServer) -> None:
    await scene.heard(mailbox)
    await scene.heard(server.add_mailbox("bert@example.de"))
    secrets = {one.client_state for one in server.subscriptions.present.values()}
    assert len(secrets) == 2


async def test_only_the_mailbox_that_has_changed_rings(
    scene: Scene, mailbox: Mailbox, server: GraphServer, outlook: dict[str, Any]
) -> None:
    bert = server.add_mailbox("bert@example.de")
    of_anna, of_bert = await scene.heard(mailbox), await scene.heard(bert)
    bert.create(outlook)
    assert await of_bert.rung() == CHANGED
    assert of_anna.rings.empty()


async def test_two_calendars_of_one_mailbox_share_a_subscription(
    scene: Scene, mailbox: Mailbox, outlook: dict[str, Any]
) -> None:
    mailbox.add_calendar("Büro")
    first = await scene.heard(mailbox)
    second = await scene.listen(mailbox, "Büro")
    await second.rung()
    mailbox.create(outlook)
    assert [await first.rung(), await second.rung()] == [CHANGED, CHANGED]
    await first.end()
    scene.listening.remove(first)
    mailbox.create(outlook)
    assert await second.rung() == CHANGED
    assert scene.sent("POST") == 1


async def test_what_was_missed_rings(scene: Scene, mailbox: Mailbox) -> None:
    listening = await scene.heard(mailbox)
    scene.server.subscriptions.tell("missed")
    assert await listening.rung() == "Microsoft Graph missed telling"


@pytest.mark.parametrize(
    "forged",
    [
        {"clientState": "0" * 64},
        {"clientState": ""},
        {"clientState": None},
        {"subscriptionId": "00000000-0000-0000-0000-000000000000"},
        {"clientState": "0" * 64, "lifecycleEvent": "subscriptionRemoved"},
        {"clientState": "0" * 64, "lifecycleEvent": "reauthorizationRequired"},
    ],
)
async def test_a_forged_call_is_accepted_and_dropped(
    scene: Scene, mailbox: Mailbox, forged: dict[str, Any]
) -> None:
    listening = await scene.heard(mailbox)
    before = len(scene.server.requests)
    assert await scene.call(scene.told(**forged)) == (202, b"")
    assert await scene.call(scene.told(), **{"Content-Type": "text/plain"}) == (202, b"")
    assert await scene.call(b"{" * 1000, **{"Content-Type": "application/json"}) == (202, b"")
    assert listening.rings.empty()
    assert len(scene.server.requests) == before


async def test_a_replayed_call_only_rings(scene: Scene, mailbox: Mailbox, outlook: dict[str, Any]) -> None:
    listening = await scene.heard(mailbox)
    mailbox.create(outlook)
    await listening.rung()
    await scene.until(lambda: scene.server.subscriptions.deliveries.made)  # it rings before it is answered
    (delivery,) = scene.server.subscriptions.deliveries.made
    before = len(scene.server.requests)
    for _ in range(5):
        assert await scene.call({"value": list(delivery.notifications)}) == (202, b"")
    assert [listening.rings.get_nowait() for _ in range(5)] == [CHANGED] * 5
    assert len(scene.server.requests) == before


async def test_what_an_ended_subscription_still_tells_is_dropped(scene: Scene, mailbox: Mailbox) -> None:
    listening = await scene.heard(mailbox)
    late = scene.told()
    scene.server.subscriptions.tell("subscriptionRemoved")
    await listening.rung()
    assert await scene.call(late) == (202, b"")
    assert listening.rings.empty()


async def test_a_validation_token_is_returned_as_it_is(scene: Scene) -> None:
    token = "<script>alert(1)</script>&+ %"
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{scene.url}/doorbells/m365", params={"validationToken": token}) as answer,
    ):
        assert (answer.status, await answer.text()) == (200, token)
        assert answer.headers["Content-Type"] == "text/plain"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_what_is_broken_off_for_all_is_listened_to_anew(
    scene: Scene, mailbox: Mailbox, server: GraphServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await scene.heard(mailbox)

    async def broken(*_: Any) -> Any:
        raise asyncio.CancelledError

    monkeypatch.setattr(Subscriptions, "make", broken)
    second = await scene.listen(server.add_mailbox("bert@example.de"))
    await asyncio.wait({first.task, second.task})
    assert first.task.cancelled()
    assert second.task.cancelled()


async def test_nothing_is_asked_any_more_when_it_is_closed(
    scene: Scene, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, make, begun = asyncio.Event(), Subscriptions.make, asyncio.Event()

    async def slowly(*about: Any) -> Any:
        begun.set()
        await asked.wait()
        return await make(*about)

    monkeypatch.setattr(Subscriptions, "make", slowly)
    listening = await scene.listen(mailbox)
    await begun.wait()
    before = asyncio.all_tasks()
    asked.set()
    listening.task.cancel()
    await scene.provider.close()
    assert not any("_keep" in repr(task) for task in before if not task.done())
    assert scene.sent("POST") == 0
