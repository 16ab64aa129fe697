"""Answers of FLOWFACT that are lost, refused or cut on their way."""

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
from calsync_flowfact import PROVIDER
from calsync_sandbox.flowfact import FlowfactServer
from calsync_sandbox.mail import MailLog
from tests.plugins.calsync_flowfact.test_contract import APPOINTMENTS, BERLIN, FlowfactUnderTest, Remembered

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from calsync.testing.contract import UnderTest


class BehindAProxy(FlowfactUnderTest):
    def writes(self, method: str, path: str) -> bool:
        return method != "GET" and "/entity-service/" in path


@asynccontextmanager
async def opened() -> AsyncIterator[UnderTest]:
    mails, clock = MailLog(), SystemClock()
    server = FlowfactServer(mails)
    await server.start()
    async with FaultProxy(server.url) as proxy:
        keys = {"api_token": server.api_token, "base_url": proxy.url, **APPOINTMENTS.settings()}
        http = HttpFactory(clock)
        host = Host(connection="f", clock=clock, random=random.Random(1), http=http, learnt=Remembered())
        provider = PROVIDER.open(vol.Schema(PROVIDER.connection_schema)(keys), host)
        try:
            user = server.add_user("anna@example.de", first="Anna", last="Muster")
            await provider.login()
            request = CalendarRequest(account="anna", settings={"user": "anna@example.de"}, timezone=BERLIN)
            under_test = BehindAProxy(await provider.open(request), server, APPOINTMENTS, user, mails)
            under_test.proxy = proxy
            yield under_test
        finally:
            await provider.close()
            await server.stop()


class TestTrouble(TroubleContract):
    @pytest.fixture
    async def calendar_under_test(self) -> AsyncIterator[UnderTest]:
        async with opened() as under_test:
            yield under_test
