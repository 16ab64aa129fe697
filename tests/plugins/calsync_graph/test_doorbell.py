"""The doorbell, a server and the address that it calls: subscriptions begin, last, are lost; calls are forged."""

from __future__ import annotations

import asyncio
import random
import socket
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import voluptuous as vol

from calsync.errors import AccountError, Retry
from calsync.http import HttpFactory
from calsync.ports import CalendarRequest, Host
from calsync.testing.contract.listening import ListeningContract
from calsync.web import Endpoint, serving
from calsync_graph import PROVIDER, doorbell
from calsync_graph.provider import GraphProvider
from calsync_sandbox.faults import Fault
from calsync_sandbox.graph import GraphServer, subscriptions
from tests.plugins.calsync_graph.conftest import BERLIN
from tests.plugins.calsync_graph.test_contract import GraphUnderTest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from calsync.ports import Calendar
    from calsync.testing import FakeClock
    from calsync.testing.contract import UnderTest
    from calsync_sandbox.authority import AuthorityServer
    from calsync_sandbox.graph.subscriptions import Subscription
    from calsync_sandbox.mail import MailLog
    from calsync_sandbox.mailbox import Mailbox

SECONDS = 10.0
"""How long anything here may take."""
HOURS = 3600.0
BEGINS = "Microsoft Graph begins to tell of changes"
CHANGED = "Microsoft Graph tells of a change"
GOES_ON = "Microsoft Graph goes on to tell of changes"


class Listening:
    """Listens to a calendar, and keeps what it hears."""

    def __init__(self, calendar: Calendar) -> None:
        self.rings: asyncio.Queue[str] = asyncio.Queue()
        self.task = asyncio.create_task(calendar.listen(self.rings.put_nowait))

    async def rung(self) -> str:
        return await asyncio.wait_for(self.rings.get(), SECONDS)

    async def error(self) -> BaseException | None:
        """Wait until the listening has failed."""
        await asyncio.wait({self.task}, timeout=SECONDS)
        return self.task.exception()

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


class Scene:
    """A provider that can be called, and who listens to its calendars."""

    def __init__(self, server: GraphServer, clock: FakeClock, connection: dict[str, Any], port: int) -> None:
        self.server = server
        self.clock = clock
        self.url = f"http://127.0.0.1:{port}"
        self.endpoint = Endpoint(self.url)
        self.provider = self.open(connection, self.endpoint)
        self.listening: list[Listening] = []

    def open(self, connection: dict[str, Any], endpoint: Endpoint) -> GraphProvider:
        host = Host(
            connection="m365",
            clock=self.clock,
            random=random.Random(),
            http=HttpFactory(self.clock),
            doorbells=endpoint.of("m365"),
        )
        opened = PROVIDER.open(vol.Schema(PROVIDER.connection_schema)(connection), host)
        assert isinstance(opened, GraphProvider)
        return opened

    async def calendar(self, mailbox: Mailbox, name: str | None = None) -> Calendar:
        settings = {"mailbox": mailbox.address} | ({} if name is None else {"calendar": name})
        return await self.provider.open(CalendarRequest(account="anna", settings=settings, timezone=BERLIN))

    async def listen(self, mailbox: Mailbox, name: str | None = None) -> Listening:
        listening = Listening(await self.calendar(mailbox, name))
        self.listening.append(listening)
        return listening

    async def heard(self, mailbox: Mailbox) -> Listening:
        """Listen, and wait until there is a subscription, and was looked for what a former process left."""
        listening = await self.listen(mailbox)
        assert await listening.rung() == BEGINS
        await self.until(lambda: self.sent("GET"))
        return listening

    @property
    def subscription(self) -> Subscription:
        (one,) = self.server.subscriptions.present.values()
        return one

    def sent(self, method: str) -> int:
        return len(self.server.sent(method, "/subscriptions"))

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(SECONDS):
            while not condition():  # noqa: ASYNC110 - what is waited for is in the server
                await asyncio.sleep(0.005)

    async def pass_time(self, seconds: float) -> None:
        """Let time pass when the listener waits for it."""
        await self.clock.until_sleeping()
        self.clock.advance(seconds)

    async def call(self, body: Any, **headers: str) -> tuple[int, bytes]:
        """Call the public address as anybody can."""
        how: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {"json": body}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/doorbells/m365", headers=headers, **how) as answer,
        ):
            return answer.status, await answer.read()

    def told(self, **changes: Any) -> dict[str, Any]:
        """Return a call with one notification of the subscription there is."""
        one = {"subscriptionId": self.subscription.id, "clientState": self.subscription.client_state}
        return {"value": [one | changes]}


@pytest.fixture
async def server(authority: AuthorityServer, mails: MailLog, clock: FakeClock) -> AsyncIterator[GraphServer]:
    graph = GraphServer(mails, authority.tokens, now=lambda: clock.now().timestamp())
    await graph.start()
    yield graph
    await graph.stop()


@pytest.fixture
async def scene(server: GraphServer, clock: FakeClock, connection: dict[str, Any]) -> AsyncIterator[Scene]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    scene = Scene(server, clock, connection, port)
    async with serving(scene.endpoint.routes(), "127.0.0.1", port):
        yield scene
        for listening in scene.listening:
            await listening.end()
    await scene.provider.close()


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


async def test_what_is_asked_for(scene: Scene, mailbox: Mailbox) -> None:
    await scene.heard(mailbox)
    one = scene.subscription
    assert one.resource == f"/users/{mailbox.address}/events"
    assert one.change_types == {"created", "updated", "deleted"}
    assert one.notification_url == one.lifecycle_url == f"{scene.url}/doorbells/m365"
    assert len(one.client_state or "") >= 128 / 8 * 2
    assert one.until - scene.clock.now().timestamp() == 24 * HOURS


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
    assert await second.rung() == BEGINS  # it takes over
    mailbox.create(outlook)
    assert await second.rung() == CHANGED


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
