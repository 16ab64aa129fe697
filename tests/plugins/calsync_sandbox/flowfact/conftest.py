import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from calsync_sandbox.flowfact import FlowfactServer
from calsync_sandbox.flowfact.users import User
from calsync_sandbox.mail import MailLog


@pytest.fixture
def now() -> list[float]:
    """The server's time in epoch seconds; a test moves it by changing the only entry."""
    return [1_780_000_000.0]


@pytest.fixture
def mails() -> MailLog:
    return MailLog()


@pytest.fixture
async def server(now: list[float], mails: MailLog) -> AsyncIterator[FlowfactServer]:
    server = FlowfactServer(mails, now=lambda: now[0])
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def anna(server: FlowfactServer) -> User:
    return server.add_user("anna@example.de", first="Anna", last="Muster", business="anna.muster@example.de")


@pytest.fixture
async def raw(server: FlowfactServer) -> AsyncIterator[aiohttp.ClientSession]:
    """A session without credentials."""
    async with aiohttp.ClientSession(server.url) as session:
        yield session


@pytest.fixture
async def ask(server: FlowfactServer, raw: aiohttp.ClientSession) -> Callable[..., Awaitable[tuple[int, Any]]]:
    """Send a request with a session; answer the status and the body, decoded if it is JSON."""
    path = "/admin-token-service/public/adminUser/authenticate"
    async with raw.get(path, headers={"token": server.api_token}) as answer:
        session = await answer.text()

    async def send(method: str, path: str, **more: Any) -> tuple[int, Any]:
        headers = {"cognitoToken": session} | more.pop("headers", {})
        async with raw.request(method, path, headers=headers, **more) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if answer.content_type == "application/json" else text

    return send
