"""A connection that works on behalf of a person, and what the server may demand of a token in between."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest
import voluptuous as vol

from calsync.errors import AccountError, ConfigError, LoginError
from calsync.http import HttpFactory
from calsync.ports import CalendarRequest, Host, SystemClock
from calsync.vault import FileVault
from calsync_graph import PROVIDER
from calsync_sandbox.faults import Fault
from tests.plugins.calsync_graph.conftest import CLIENT, TENANT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from calsync.ports import Provider
    from calsync.sync.model import Draft
    from calsync_graph.provider import GraphProvider
    from calsync_sandbox.authority import AuthorityServer
    from calsync_sandbox.graph import GraphServer
    from calsync_sandbox.mailbox import Mailbox

ANNA = "anna@example.de"
DEMANDED = '{"access_token": {"nbf": {"essential": true, "value": "1604106651"}}}'


def wanted(mailbox: str = ANNA) -> CalendarRequest:
    return CalendarRequest(account="anna", settings={"mailbox": mailbox}, timezone=ZoneInfo("Europe/Berlin"))


def asked(authority: AuthorityServer) -> int:
    return len(authority.sent("POST", "/token"))


@pytest.fixture
async def delegated(
    connection: dict[str, Any], authority: AuthorityServer, tmp_path: Path
) -> AsyncIterator[Provider]:
    authority.register(TENANT, CLIENT, public=True)
    authority.people.add(ANNA)
    del connection["client_secret"]
    options = vol.Schema(PROVIDER.connection_schema)({**connection, "sign_in": "delegated"})
    time, vault = SystemClock(), FileVault(tmp_path / "vault", "m365", b"k" * 32)
    host = Host(connection="m365", clock=time, random=random.Random(1), http=HttpFactory(time), vault=vault)
    opened = PROVIDER.open(options, host)
    yield opened
    await opened.close()


@pytest.fixture
async def signed_in(delegated: Provider, authority: AuthorityServer) -> Provider:
    assert await delegated.sign_in(lambda device: authority.people.approve(device.code, ANNA)) == ANNA
    return delegated


async def test_a_person_must_have_signed_in(delegated: Provider) -> None:
    with pytest.raises(LoginError, match="calsync login m365 -c FILE"):
        await delegated.login()


async def test_a_person_syncs_the_own_mailbox(signed_in: Provider, mailbox: Mailbox, draft: Draft) -> None:
    await signed_in.login()
    written = await (await signed_in.open(wanted())).create(draft, "v1:m")
    assert written.id in mailbox.events


async def test_and_no_other(signed_in: Provider, server: GraphServer) -> None:
    server.add_mailbox("bert@example.de")
    with pytest.raises(AccountError, match=r"account anna: .*the own mailbox only"):
        await signed_in.open(wanted("bert@example.de"))


async def test_nobody_signs_in_to_an_application(provider: GraphProvider) -> None:
    with pytest.raises(ConfigError, match="nobody has to sign in"):
        await provider.sign_in(lambda _: None)


async def test_a_challenge_is_answered_once(
    provider: GraphProvider, mailbox: Mailbox, authority: AuthorityServer, server: GraphServer
) -> None:
    calendar = await provider.open(wanted())
    authority.tokens.demanded = DEMANDED
    results = await asyncio.gather(*(calendar.read([mailbox.address]) for _ in range(3)))
    assert results == [{}, {}, {}]
    assert asked(authority) == 2
    assert [request.status for request in server.requests].count(401) <= 3


async def test_a_challenge_that_does_not_end_is_no_loop(
    provider: GraphProvider, mailbox: Mailbox, authority: AuthorityServer, server: GraphServer
) -> None:
    calendar = await provider.open(wanted())
    server.clear()
    challenge = 'Bearer error="insufficient_claims", claims="e30="'
    server.faults.add(Fault(times=None, status=401, headers={"WWW-Authenticate": challenge}))
    with pytest.raises(LoginError, match=r"accepts no token \(401\): ask the tenant's administrator"):
        await calendar.read([mailbox.address])
    assert (asked(authority), len(server.requests)) == (2, 2)
    for _ in range(3):
        with pytest.raises(LoginError, match="demands more of each token: ask the tenant's administrator"):
            await calendar.read([mailbox.address])
    assert (asked(authority), len(server.requests)) == (2, 5)


async def test_a_write_that_was_challenged_is_carried_out_once(
    provider: GraphProvider, mailbox: Mailbox, authority: AuthorityServer, draft: Draft
) -> None:
    calendar = await provider.open(wanted())
    authority.tokens.demanded = DEMANDED
    await calendar.create(draft, "v1:m")
    assert len(mailbox.events) == 1


async def test_a_challenge_that_the_person_must_answer_says_so(
    signed_in: Provider, mailbox: Mailbox, authority: AuthorityServer, server: GraphServer
) -> None:
    calendar = await signed_in.open(wanted())
    authority.tokens.demanded = DEMANDED
    body = b'{"error": "interaction_required", "error_description": "AADSTS50076: anna@example.de"}'
    headers = {"Content-Type": "application/json"}
    authority.faults.add(Fault(method="POST", path="/token", status=400, body=body, headers=headers))
    server.clear()
    for _ in range(3):
        with pytest.raises(LoginError, match=r"interaction_required.*sign in again: calsync login") as refused:
            await calendar.read([mailbox.address])
        assert "@" not in str(refused.value)
    assert asked(authority) == 2  # the sign-in, and one question


async def test_a_lost_consent_stops_the_account_with_what_to_do(
    signed_in: Provider, mailbox: Mailbox, authority: AuthorityServer
) -> None:
    calendar = await signed_in.open(wanted())
    authority.people.consented = False
    authority.tokens.revoke()
    for _ in range(3):
        with pytest.raises(LoginError, match=r"consent_required.*sign in again: calsync login m365"):
            await calendar.read([mailbox.address])
    assert asked(authority) == 2


async def test_a_person_who_signs_in_has_one_own_mailbox(
    signed_in: Provider, server: GraphServer, mailbox: Mailbox
) -> None:
    server.add_mailbox("bert@example.de")
    assert await signed_in.is_own({"mailbox": mailbox.address})
    assert not await signed_in.is_own({"mailbox": "bert@example.de"})
    assert [one.main for one in await signed_in.calendars({"mailbox": mailbox.address})] == [True]


async def test_an_application_begins_no_sign_in(provider: GraphProvider) -> None:
    with pytest.raises(ConfigError, match="nobody has to sign in here"):
        await provider.begin_sign_in("https://calsync.example.de/")
    with pytest.raises(ConfigError, match="nobody has to sign in here"):
        await provider.finish_sign_in({}, {})


async def test_a_person_may_sign_in_in_the_browser(
    delegated: Provider, authority: AuthorityServer, mailbox: Mailbox
) -> None:
    authority.codes.at_the_browser = authority.people.add(ANNA)
    begun = await delegated.begin_sign_in("https://calsync.example.de/back")
    back = authority.codes.issue(dict(parse_qsl(urlsplit(begun.address).query)))
    found = await delegated.finish_sign_in(begun.flow, dict(parse_qsl(urlsplit(back).query)))
    assert (found.tenant_id, found.address) == (TENANT, ANNA)
    assert await delegated.is_own({"mailbox": mailbox.address})
