"""A sign-in authority on loopback, and what is registered there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.signin import Registration
from calsync.testing import FakeClock
from calsync_sandbox.authority import AuthorityServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "66666666-7777-8888-9999-000000000000"
SECRET = "made-up"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def authority() -> AsyncIterator[AuthorityServer]:
    server = AuthorityServer()
    server.register(TENANT, CLIENT, secret=SECRET)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def registration(authority: AuthorityServer) -> Registration:
    return Registration(
        connection="m365",
        tenant_id=TENANT,
        client_id=CLIENT,
        authority_url=authority.url,
        scopes=("http://127.0.0.1:9/.default",),
    )
