"""Answers of Graph that are lost, refused or cut on their way."""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import voluptuous as vol

from calsync.http import HttpFactory
from calsync.ports import CalendarRequest, Host, SystemClock
from calsync.testing.contract.trouble import TroubleContract
from calsync.testing.proxy import FaultProxy
from calsync_sandbox.authority import AuthorityServer
from calsync_sandbox.graph import GraphServer
from calsync_sandbox.mail import MailLog
from tests.plugins.calsync_graph.test_contract import ADDRESS, BERLIN, CLIENT, PROVIDER, TENANT, GraphUnderTest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from calsync.testing.contract import UnderTest


class BehindAProxy(GraphUnderTest):
    def writes(self, method: str, path: str) -> bool:
        return method != "GET" and not path.endswith("/$batch")


@asynccontextmanager
async def opened() -> AsyncIterator[UnderTest]:
    mails, clock, authority = MailLog(), SystemClock(), AuthorityServer()
    server = GraphServer(mails, authority.tokens)
    mailbox = server.add_mailbox(ADDRESS)
    authority.register(TENANT, CLIENT, secret="made-up")
    await authority.start()
    await server.start()
    async with FaultProxy(server.url) as proxy:
        keys = {"tenant_id": TENANT, "client_id": CLIENT, "client_secret": "made-up"}
        keys |= {"authority_url": authority.url, "graph_url": proxy.url}
        host = Host(connection="m365", clock=clock, random=random.Random(1), http=HttpFactory(clock))
        provider = PROVIDER.open(vol.Schema(PROVIDER.connection_schema)(keys), host)
        try:
            await provider.login()
            request = CalendarRequest(account="anna", settings={"mailbox": ADDRESS}, timezone=BERLIN)
            under_test = BehindAProxy(await provider.open(request), server, mailbox, mails)
            under_test.proxy = proxy
            yield under_test
        finally:
            await provider.close()
            await server.stop()
            await authority.stop()


class TestTrouble(TroubleContract):
    @pytest.fixture
    async def calendar_under_test(self) -> AsyncIterator[UnderTest]:
        async with opened() as under_test:
            yield under_test
