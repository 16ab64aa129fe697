"""/subscriptions: the handshake, what is told and when, lives that end, and what goes wrong on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

if TYPE_CHECKING:
    from calsync_sandbox.graph import GraphServer
    from calsync_sandbox.mailbox import Mailbox
    from tests.plugins.calsync_sandbox.graph.conftest import Answer, Ask

SECONDS = 20.0
EVENT = {
    "subject": "Besichtigung",
    "start": {"dateTime": "2026-03-02T09:00:00", "timeZone": "UTC"},
    "end": {"dateTime": "2026-03-02T10:00:00", "timeZone": "UTC"},
}


class Listener:
    """Somebody who is called, and answers as told."""

    url: str

    def __init__(self) -> None:
        self.status = 202
        self.echo: Callable[[str], web.Response] = lambda token: web.Response(text=token)
        self.handshakes: list[str] = []
        self.calls: list[list[dict[str, Any]]] = []

    async def answer(self, request: web.Request) -> web.Response:
        if "validationToken" in request.query:
            self.handshakes.append(request.headers["Content-Type"])
            return self.echo(request.query["validationToken"])
        self.calls.append((await request.json())["value"])
        return web.Response(status=self.status)

    async def told(self, number: int = 1) -> list[dict[str, Any]]:
        """Wait until so many notifications have come, and return all."""
        async with asyncio.timeout(SECONDS):
            while sum(map(len, self.calls)) < number:  # noqa: ASYNC110 - a server counts, and has no event for it
                await asyncio.sleep(0.005)
        return [one for call in self.calls for one in call]


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    listener, application = Listener(), web.Application()
    application.router.add_post("/ring", listener.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    listener.url = f"http://127.0.0.1:{runner.addresses[0][1]}/ring"
    yield listener
    await runner.cleanup()


@pytest.fixture
def wish(listener: Listener, anna: Mailbox, now: list[float]) -> dict[str, Any]:
    """Return a subscription as it is asked for."""
    return {
        "changeType": "created,updated,deleted",
        "notificationUrl": listener.url,
        "lifecycleNotificationUrl": listener.url,
        "resource": f"/users/{anna.address}/events",
        "expirationDateTime": later(now, minutes=60),
        "clientState": "secret",
    }


@pytest.fixture
def subscribe(ask: Ask, wish: dict[str, Any]) -> Callable[..., Awaitable[Answer]]:
    async def post(**changes: Any) -> Answer:
        return await ask("POST", "/v1.0/subscriptions", wish | changes)

    return post


Subscribe = Callable[..., Awaitable["Answer"]]


def later(now: list[float], minutes: float) -> str:
    return (datetime.fromtimestamp(now[0], UTC) + timedelta(minutes=minutes)).isoformat()


async def test_a_subscription_is_made_after_a_handshake_at_both_addresses(
    subscribe: Subscribe, listener: Listener, ask: Ask
) -> None:
    made = await subscribe()
    assert (made.status, made.body["clientState"]) == (201, "secret")
    assert listener.handshakes == ["text/plain; charset=utf-8"] * 2
    assert (await ask("GET", "/v1.0/subscriptions")).body["value"] == [made.body]
    assert (await ask("GET", f"/v1.0/subscriptions/{made.body['id']}")).body == made.body
    assert (await ask("DELETE", f"/v1.0/subscriptions/{made.body['id']}")).status == 204
    assert (await ask("DELETE", f"/v1.0/subscriptions/{made.body['id']}")).status == 404


@pytest.mark.parametrize(
    "echo",
    [
        lambda token: web.Response(text=token + "."),
        lambda token: web.Response(text=token, content_type="text/html"),
        lambda token: web.Response(text=token, status=202),
        lambda token: web.Response(status=302, headers={"Location": "/ring"}),
    ],
)
async def test_who_does_not_echo_the_token_gets_none(
    subscribe: Subscribe, listener: Listener, echo: Callable[[str], web.Response]
) -> None:
    listener.echo = echo
    refused = await subscribe()
    assert (refused.status, refused.code) == (400, "ValidationError")


@pytest.mark.parametrize(
    "changes",
    [
        {"notificationUrl": "http://example.de/ring"},
        {"notificationUrl": None},
        {"lifecycleNotificationUrl": "http://example.de/ring"},
        {"changeType": "moved"},
        {"changeType": ""},
        {"resource": "users/anna@example.de/messages"},
        {"clientState": "x" * 129},
        {"expirationDateTime": "soon"},
        {"expirationDateTime": "2020-01-01T00:00:00Z"},
        {"expirationDateTime": "2099-01-01T00:00:00Z"},
        {"includeResourceData": True},
    ],
)
async def test_a_wish_that_cannot_be_met_is_refused(subscribe: Subscribe, changes: dict[str, Any]) -> None:
    assert (await subscribe(**changes)).status == 400


async def test_the_type_that_microsofts_clients_name_is_left_out(subscribe: Subscribe) -> None:
    assert (await subscribe(**{"@odata.type": "#microsoft.graph.subscription"})).status == 201


async def test_an_unknown_mailbox_cannot_be_watched(subscribe: Subscribe) -> None:
    assert (await subscribe(resource="users/bert@example.de/events")).status == 404


async def test_each_change_is_told(subscribe: Subscribe, listener: Listener, anna: Mailbox) -> None:
    made = await subscribe()
    event = anna.create(EVENT)
    await listener.told(1)
    anna.edit(event["id"], {"subject": "Neu"})
    await listener.told(2)
    anna.delete(event["id"])
    told = await listener.told(3)
    assert [one["changeType"] for one in told] == ["created", "updated", "deleted"]
    assert {one["subscriptionId"] for one in told} == {made.body["id"]}
    assert {one["clientState"] for one in told} == {"secret"}
    assert {one["resourceData"]["id"] for one in told} == {event["id"]}
    assert len(listener.calls) == 3


async def test_changes_at_one_time_are_told_in_one_call(
    subscribe: Subscribe, listener: Listener, anna: Mailbox, server: GraphServer
) -> None:
    server.switches.notification_delay = 0.05
    await subscribe()
    for _ in range(3):
        anna.create(EVENT)
    await listener.told(3)
    assert len(listener.calls) == 1


async def test_notifications_can_be_repeated_and_lost(
    subscribe: Subscribe, listener: Listener, anna: Mailbox, server: GraphServer
) -> None:
    await subscribe()
    server.switches.notification_copies = 0
    anna.create(EVENT)
    server.switches.notification_copies = 2
    event = anna.create(EVENT)
    assert [one["resourceData"]["id"] for one in await listener.told(2)] == [event["id"]] * 2


async def test_a_call_that_is_not_accepted_is_made_again(
    subscribe: Subscribe, listener: Listener, anna: Mailbox, server: GraphServer
) -> None:
    await subscribe()
    listener.status = 503
    anna.create(EVENT)
    await listener.told(1)
    listener.status = 202
    assert len(await listener.told(2)) == 2
    async with asyncio.timeout(SECONDS):
        while len(server.subscriptions.deliveries.made) < 2:  # noqa: ASYNC110 - see Listener.told
            await asyncio.sleep(0.005)
    assert [one.status for one in server.subscriptions.deliveries.made] == [503, 202]


async def test_a_subscription_ends_unless_it_is_renewed(
    subscribe: Subscribe, ask: Ask, now: list[float], server: GraphServer
) -> None:
    made = await subscribe()
    path = f"/v1.0/subscriptions/{made.body['id']}"
    now[0] += 50 * 60
    renewed = await ask("PATCH", path, {"expirationDateTime": later(now, minutes=10_080)})
    assert renewed.status == 200
    now[0] += 10_079 * 60
    assert (await ask("GET", path)).status == 200
    now[0] += 60
    gone = await ask("PATCH", path, {"expirationDateTime": later(now, minutes=60)})
    assert (gone.status, gone.code) == (404, "ResourceNotFound")
    assert server.subscriptions.present == {}


async def test_a_short_life_is_made_longer(subscribe: Subscribe, now: list[float]) -> None:
    made = await subscribe(expirationDateTime=later(now, minutes=1))
    assert datetime.fromisoformat(made.body["expirationDateTime"]).timestamp() == now[0] + 45 * 60


async def test_nothing_is_told_until_a_subscription_is_authorised_again(
    subscribe: Subscribe, listener: Listener, anna: Mailbox, ask: Ask, server: GraphServer
) -> None:
    made = await subscribe()
    server.subscriptions.tell("reauthorizationRequired")
    (told,) = await listener.told(1)
    assert (told["lifecycleEvent"], told["clientState"]) == ("reauthorizationRequired", "secret")
    anna.create(EVENT)
    assert (await ask("POST", f"/v1.0/subscriptions/{made.body['id']}/reauthorize")).status == 204
    event = anna.create(EVENT)
    assert [one["resourceData"]["id"] for one in (await listener.told(2))[1:]] == [event["id"]]


async def test_a_removed_subscription_is_told_of_and_gone(
    subscribe: Subscribe, listener: Listener, server: GraphServer
) -> None:
    await subscribe()
    server.subscriptions.tell("subscriptionRemoved")
    (told,) = await listener.told(1)
    assert told["lifecycleEvent"] == "subscriptionRemoved"
    assert server.subscriptions.present == {}


async def test_a_second_subscription_of_the_same_is_refused_where_that_is_enforced(
    subscribe: Subscribe, server: GraphServer
) -> None:
    assert [(await subscribe()).status for _ in range(2)] == [201, 201]
    server.switches.refuse_duplicate_subscription = True
    assert (await subscribe()).status == 409


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", ""), ("POST", "/x"), ("GET", "/x/reauthorize"), ("GET", "x")]
)
async def test_there_is_nothing_else_below_it(ask: Ask, method: str, path: str) -> None:
    assert (await ask(method, f"/v1.0/subscriptions{path}")).status == 400
