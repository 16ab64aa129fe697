from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from yarl import URL

from calsync_sandbox.authority import Tokens
from calsync_sandbox.graph import GraphServer
from calsync_sandbox.mail import MailLog

if TYPE_CHECKING:
    from calsync_sandbox.mailbox import Mailbox


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def code(self) -> str:
        return str(self.body["error"]["code"])


Ask = Callable[..., Awaitable[Answer]]


@pytest.fixture
def now() -> list[float]:
    """The server's time in epoch seconds; a test moves it by changing the only entry."""
    return [1_780_000_000.0]


@pytest.fixture
def mails() -> MailLog:
    return MailLog()


@pytest.fixture
def tokens() -> Tokens:
    return Tokens(lambda: 0.0)


@pytest.fixture
async def server(now: list[float], mails: MailLog, tokens: Tokens) -> AsyncIterator[GraphServer]:
    server = GraphServer(mails, tokens, now=lambda: now[0])
    await server.start()
    yield server
    await server.stop()
    assert server.schema_violations == []


@pytest.fixture
def anna(server: GraphServer) -> Mailbox:
    return server.add_mailbox("anna@example.de", aliases=("anna.muster@example.de",))


@pytest.fixture
async def raw(server: GraphServer, tokens: Tokens) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that is signed in."""
    headers = {"Authorization": f"Bearer {tokens.issue('tenant', 'client')}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield session


@pytest.fixture
async def ask(server: GraphServer, anna: Mailbox, raw: aiohttp.ClientSession) -> Ask:
    """Send a request: `/path` is below anna's mailbox, `/v1.0/...` and `http://...` are taken as they are."""

    async def send(method: str, path: str, body: Any = None, *, prefer: str = "", **headers: str) -> Answer:
        base = "" if path.startswith("http") else server.url
        mailbox = "" if path.startswith(("http", "/v1.0")) else f"/v1.0/users/{anna.address}"
        preferred = f'IdType="ImmutableId", {prefer}'
        sent = {"Prefer": preferred} | {name.replace("_", "-"): value for name, value in headers.items()}
        url = URL(base + mailbox + path, encoded=True)
        async with raw.request(method, url, json=body, headers=sent) as answer:
            text = await answer.text()
            return Answer(answer.status, answer.headers, json.loads(text) if text else None)

    return send


@pytest.fixture
def guests() -> Callable[..., list[dict[str, Any]]]:
    """Return attendees with these names."""

    def make(*names: str) -> list[dict[str, Any]]:
        return [
            {"emailAddress": {"address": f"{name}@example.org", "name": name}, "type": "Required"}
            for name in names
        ]

    return make


@pytest.fixture
async def drain(ask: Ask) -> Callable[..., Awaitable[tuple[list[dict[str, Any]], str]]]:
    """Follow a change feed to its end; answer all entities in order and the deltaLink."""

    async def follow(link: str, prefer: str = "") -> tuple[list[dict[str, Any]], str]:
        entities: list[dict[str, Any]] = []
        while True:
            answer = await ask("GET", link, prefer=prefer)
            assert answer.status == 200, answer.body
            entities += answer.body["value"]
            if "@odata.deltaLink" in answer.body:
                return entities, answer.body["@odata.deltaLink"]
            link = answer.body["@odata.nextLink"]

    return follow


@pytest.fixture
def march() -> str:
    """The path of a new round over March 2026."""
    return "/calendarView/delta?startDateTime=2026-03-01T00:00:00Z&endDateTime=2026-04-01T00:00:00Z"
