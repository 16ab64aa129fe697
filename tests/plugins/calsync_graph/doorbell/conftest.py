"""A provider that a server can call, and who listens to its calendars."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import voluptuous as vol

from calsync.http import HttpFactory
from calsync.ports import CalendarRequest, Host
from calsync.web import Endpoint, serving
from calsync_graph import PROVIDER
from calsync_graph.provider import GraphProvider
from calsync_sandbox.graph import GraphServer
from tests.plugins.calsync_graph.conftest import BERLIN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from calsync.ports import Calendar
    from calsync.testing import FakeClock
    from calsync_sandbox.authority import AuthorityServer
    from calsync_sandbox.graph.subscriptions import Subscription
    from calsync_sandbox.mail import MailLog
    from calsync_sandbox.mailbox import Mailbox

SECONDS = 20.0
"""How long anything here may take."""
HOURS = 3600.0
BEGINS = "Microsoft Graph begins to tell of changes"
CHANGED = "Microsoft Graph tells of a change"
GOES_ON = "Microsoft Graph goes on to tell of changes"


class Listening:
    """Listens to a calendar, and keeps what it hears."""

    def __init__(self, calendar: Calendar) -> None:
        self.rings: asyncio.Queue[str] = asyncio.Queue()
        self.task = asyncio.ensure_future(calendar.listen(self.rings.put_nowait))

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
async def scene(
    server: GraphServer, clock: FakeClock, connection: dict[str, Any], port: int
) -> AsyncIterator[Scene]:
    scene = Scene(server, clock, connection, port)
    async with serving(scene.endpoint.routes(), "127.0.0.1", port):
        yield scene
        for listening in scene.listening:
            await listening.end()
    await scene.provider.close()
