"""A Graph server on loopback with one mailbox, and the provider that is signed in to it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import voluptuous as vol

from calsync.http import Http, HttpFactory
from calsync.ports import CalendarRequest, Host, SystemClock
from calsync.signin import ApplicationTokens, Registration
from calsync.sync.model import Draft, Timed
from calsync.testing import FakeClock
from calsync_graph import PROVIDER
from calsync_graph.client import Client
from calsync_graph.config import settings_of
from calsync_graph.provider import GraphProvider
from calsync_sandbox.authority import AuthorityServer
from calsync_sandbox.graph import GraphServer
from calsync_sandbox.mail import MailLog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from calsync.ports import Calendar
    from calsync_sandbox.mailbox import Mailbox

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "66666666-7777-8888-9999-000000000000"
SECRET = "made-up"
BERLIN = ZoneInfo("Europe/Berlin")


class FixedTokens(ApplicationTokens):
    """Tokens that need no authority: token-1, and a new number each time one is refused."""

    number = 1

    async def get(self) -> str:
        return f"token-{self.number}"

    async def renew(self, refused: str, claims: str | None = None) -> str:
        self.number += refused == await self.get()
        return await self.get()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def client(clock: FakeClock) -> AsyncIterator[Client]:
    """Return a client of https://graph.microsoft.com that is signed in; pair it with `wire`."""
    options = {"tenant_id": TENANT, "client_id": CLIENT, "client_secret": SECRET}
    settings = settings_of(vol.Schema(PROVIDER.connection_schema)(options), "m365")
    registration = Registration(
        connection="m365", tenant_id=TENANT, client_id=CLIENT, authority_url=settings.authority_url, scopes=()
    )
    http, tokens = Http("m365", settings.graph_url, clock), FixedTokens(registration, SECRET, clock)
    yield Client(http, tokens, random.Random(1))
    tokens.close()
    await http.close()


@pytest.fixture
async def authority() -> AsyncIterator[AuthorityServer]:
    server = AuthorityServer()
    server.register(TENANT, CLIENT, secret=SECRET)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def mails() -> Iterator[MailLog]:
    """Count what the server would mail because of the provider; no test may raise it."""
    log = MailLog()
    yield log
    assert log.sent == []


@pytest.fixture
async def server(authority: AuthorityServer, mails: MailLog) -> AsyncIterator[GraphServer]:
    graph = GraphServer(mails, authority.tokens)
    await graph.start()
    yield graph
    await graph.stop()
    assert graph.schema_violations == graph.not_allowed == []


@pytest.fixture
def small_pages(server: GraphServer) -> None:
    server.switches.max_page_size = 2


@pytest.fixture
def mailbox(server: GraphServer) -> Mailbox:
    return server.add_mailbox("anna@example.de", aliases=("anna.alt@example.de",))


@pytest.fixture
def connection(authority: AuthorityServer, server: GraphServer) -> dict[str, Any]:
    """Return a connection's keys as they stand in the YAML."""
    urls = {"authority_url": authority.url, "graph_url": server.url}
    return {"tenant_id": TENANT, "client_id": CLIENT, "client_secret": SECRET, **urls}


@pytest.fixture
async def provider(connection: dict[str, Any]) -> AsyncIterator[GraphProvider]:
    time = SystemClock()
    host = Host(connection="m365", clock=time, random=random.Random(1), http=HttpFactory(time))
    opened = PROVIDER.open(vol.Schema(PROVIDER.connection_schema)(connection), host)
    assert isinstance(opened, GraphProvider)
    yield opened
    await opened.close()


@pytest.fixture
async def calendar(provider: GraphProvider, mailbox: Mailbox) -> Calendar:
    """Return the mailbox's primary calendar, opened for an account in Berlin."""
    request = CalendarRequest(account="anna", settings={"mailbox": mailbox.address}, timezone=BERLIN)
    return await provider.open(request)


@pytest.fixture
def draft() -> Draft:
    when = Timed(FakeClock().now(), FakeClock().now().replace(hour=9))
    return Draft(summary="Besichtigung", when=when, description="Schlüssel\nmitnehmen", reminder=15)


@pytest.fixture
def outlook() -> dict[str, Any]:
    """Return an appointment as its owner enters it in Outlook."""
    return {
        "subject": "Notartermin",
        "body": {"contentType": "text", "content": "Ausweise"},
        "start": {"dateTime": "2026-03-10T10:00:00", "timeZone": "W. Europe Standard Time"},
        "end": {"dateTime": "2026-03-10T11:00:00", "timeZone": "W. Europe Standard Time"},
    }
