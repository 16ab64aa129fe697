"""A person signs in once; from then on the connection renews its tokens by itself, until it may not any more."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import ConfigError, LoginError, Retry
from calsync.signin import DelegatedTokens, Registration
from calsync.values import replace
from calsync.vault import FileVault
from calsync_sandbox.faults import Fault
from tests.signin.conftest import CLIENT, TENANT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from calsync.ports import DeviceCode
    from calsync.testing import FakeClock
    from calsync_sandbox.authority import AuthorityServer

    Open = Callable[[], DelegatedTokens]

ANNA = "anna@example.de"
KEY = b"k" * 32
RENEW = """
import asyncio, sys
from pathlib import Path
from calsync.ports import SystemClock
from calsync.signin import DelegatedTokens, Registration
from calsync.vault import FileVault

async def main(url, folder, tenant, client, times):
    scopes = ("http://127.0.0.1:9/Calendars.ReadWrite",)
    registration = Registration(
        connection="m365", tenant_id=tenant, client_id=client, authority_url=url, scopes=scopes
    )
    for _ in range(int(times)):
        tokens = DelegatedTokens(registration, FileVault(Path(folder), "m365", b"k" * 32), SystemClock())
        await tokens.renew(await tokens.get())
        tokens.close()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "calsync.db.vault"


@pytest.fixture
def delegated(registration: Registration, authority: AuthorityServer) -> Registration:
    authority.register(TENANT, CLIENT, public=True)
    authority.people.add(ANNA)
    scopes = ("http://127.0.0.1:9/Calendars.ReadWrite",)
    return replace(registration, scopes=scopes, takes_challenges=True)


@pytest.fixture
def opened(delegated: Registration, folder: Path, clock: FakeClock) -> Iterator[Open]:
    """Return what opens the connection anew, as a new process does."""
    made: list[DelegatedTokens] = []

    def build() -> DelegatedTokens:
        made.append(DelegatedTokens(delegated, FileVault(folder, "m365", KEY), clock))
        return made[-1]

    yield build
    for one in made:
        one.close()


async def sign_in(tokens: DelegatedTokens, authority: AuthorityServer, clock: FakeClock) -> str:
    """Sign in as Anna, who types the code in at once."""
    task = asyncio.ensure_future(tokens.sign_in(lambda device: authority.people.approve(device.code, ANNA)))
    await passing(task, clock)
    return await task


async def passing(task: asyncio.Future[str], clock: FakeClock) -> None:
    """Let time pass whenever the task waits for it."""
    while not task.done():
        waiting: asyncio.Future[Any] = asyncio.ensure_future(clock.until_sleeping())
        await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        clock.advance(1)


def asked(authority: AuthorityServer) -> int:
    return len(authority.sent("POST", "/token"))


async def test_who_signed_in_is_told_and_remembered(
    opened: Open, authority: AuthorityServer, clock: FakeClock
) -> None:
    assert await sign_in(opened(), authority, clock) == ANNA
    token = await opened().get()
    grant = authority.tokens.find(token)
    assert grant is not None
    assert grant.person == ANNA
    assert asked(authority) == 1


async def test_before_that_the_connection_says_what_to_do(opened: Open, authority: AuthorityServer) -> None:
    with pytest.raises(LoginError, match="nobody has signed in yet: calsync login m365 -c FILE"):
        await opened().get()
    assert authority.requests == []


def test_without_a_key_nothing_can_be_kept(delegated: Registration, clock: FakeClock) -> None:
    with pytest.raises(ConfigError, match=r"connection m365.*service\.key"):
        DelegatedTokens(delegated, None, clock)


async def test_a_code_is_waited_for_also_when_that_was_too_fast_or_the_server_away(
    opened: Open, authority: AuthorityServer, clock: FakeClock
) -> None:
    shown: list[DeviceCode] = []
    authority.people.too_fast = 2
    authority.faults.add(Fault(method="POST", path="/token", status=503, times=2))
    task = asyncio.ensure_future(opened().sign_in(shown.append))
    while authority.people.too_fast:
        await clock.until_sleeping()
        clock.advance(1)
        await asyncio.sleep(0)
    authority.people.approve(shown[0].code, ANNA)
    await passing(task, clock)
    assert await task == ANNA
    assert (shown[0].until - clock.now()).total_seconds() > 0


async def test_a_server_that_names_no_interval_is_not_asked_without_end(
    opened: Open, authority: AuthorityServer, clock: FakeClock
) -> None:
    authority.people.interval = 0
    authority.people.code_seconds = 3
    task = asyncio.ensure_future(opened().sign_in(lambda _: None))
    await passing(task, clock)
    with pytest.raises(LoginError):
        await task
    assert asked(authority) == 3


async def test_a_code_that_is_declined_or_not_used_keeps_nothing(
    opened: Open, authority: AuthorityServer, clock: FakeClock, folder: Path
) -> None:
    declined = asyncio.ensure_future(opened().sign_in(lambda device: authority.people.decline(device.code)))
    await passing(declined, clock)
    with pytest.raises(LoginError, match="authorization_declined"):
        await declined
    authority.people.code_seconds = 3
    unused = asyncio.ensure_future(opened().sign_in(lambda _: None))
    await passing(unused, clock)
    with pytest.raises(LoginError, match=r"nobody has used the code: sign in again"):
        await unused
    assert not (folder / "m365.tokens").exists()


async def test_an_interrupted_sign_in_leaves_the_former_one(
    opened: Open, authority: AuthorityServer, clock: FakeClock
) -> None:
    await sign_in(opened(), authority, clock)
    task = asyncio.ensure_future(opened().sign_in(lambda _: None))
    await clock.until_sleeping()
    task.cancel()
    await asyncio.wait([task])
    assert authority.tokens.find(await opened().get()) is not None


async def test_an_application_that_people_may_not_use_is_told(opened: Open, authority: AuthorityServer) -> None:
    authority.register(TENANT, CLIENT, secret="right")
    with pytest.raises(LoginError, match=r"invalid_client.*allow public client flows"):
        await opened().sign_in(lambda _: pytest.fail("there is no code"))


async def test_each_renewal_keeps_the_next_refresh_token(
    opened: Open, authority: AuthorityServer, clock: FakeClock
) -> None:
    """The authority takes each refresh token once, so a lost one would end the sign-in."""
    await sign_in(opened(), authority, clock)
    seen = set()
    for _ in range(3):
        tokens = opened()
        seen.add(await tokens.renew(await tokens.get()))
    assert len(seen) == 3


async def test_a_token_that_another_process_renewed_is_taken_over(
    opened: Open, authority: AuthorityServer, clock: FakeClock
) -> None:
    await sign_in(opened(), authority, clock)
    first, second = opened(), opened()
    old = [await one.get() for one in (first, second)]
    new = await first.renew(old[0])
    before = asked(authority)
    assert await second.renew(old[1]) == new
    assert asked(authority) == before


async def test_two_processes_share_one_sign_in(
    opened: Open, authority: AuthorityServer, clock: FakeClock, folder: Path
) -> None:
    await sign_in(opened(), authority, clock)
    arguments = [sys.executable, "-c", RENEW, authority.url, str(folder), TENANT, CLIENT, "5"]
    both = [await asyncio.create_subprocess_exec(*arguments) for _ in range(2)]
    assert [await one.wait() for one in both] == [0, 0]
    assert {request.status for request in authority.sent("POST", "/token")} == {200}
    assert authority.tokens.find(await opened().get()) is not None


async def test_a_sign_in_that_has_ended_is_told_and_the_authority_not_asked_again(
    opened: Open, authority: AuthorityServer, clock: FakeClock
) -> None:
    await sign_in(opened(), authority, clock)
    tokens = opened()
    token = await tokens.get()
    authority.people.forget()
    before = asked(authority)
    for _ in range(20):  # as a service that tries again and again
        with pytest.raises(LoginError, match=r"\(invalid_grant\): sign in again: calsync login m365 -c FILE"):
            await tokens.renew(token)
        clock.advance(600)
    assert asked(authority) == before + 1
    await sign_in(opened(), authority, clock)  # in another process
    assert authority.tokens.find(await tokens.renew(token)) is not None


async def test_a_lost_consent_says_who_must_act(
    opened: Open, authority: AuthorityServer, clock: FakeClock
) -> None:
    await sign_in(opened(), authority, clock)
    authority.people.consented = False
    tokens = opened()
    with pytest.raises(LoginError, match=r"consent_required.*administrator; then sign in again"):
        await tokens.renew(await tokens.get())


async def test_a_busy_authority_is_no_end_of_a_sign_in(
    opened: Open, authority: AuthorityServer, clock: FakeClock
) -> None:
    await sign_in(opened(), authority, clock)
    tokens = opened()
    token = await tokens.get()
    body = json.dumps({"error": "temporarily_unavailable"}).encode()
    headers = {"Content-Type": "application/json"}
    authority.faults.add(Fault(method="POST", path="/token", status=400, body=body, headers=headers, times=None))
    with pytest.raises(Retry):
        await tokens.renew(token)
    authority.faults.clear()
    assert await opened().renew(token)


async def test_a_challenge_is_answered_by_one_request(
    opened: Open, authority: AuthorityServer, clock: FakeClock
) -> None:
    await sign_in(opened(), authority, clock)
    tokens = opened()
    token = await tokens.get()
    authority.tokens.demanded = '{"access_token": {"nbf": {"essential": true, "value": "1"}}}'
    before = asked(authority)
    renewed = await tokens.renew(token, authority.tokens.challenge(token))
    assert asked(authority) == before + 1
    assert authority.tokens.challenge(renewed) is None


async def test_no_token_is_logged_at_any_level(
    opened: Open, authority: AuthorityServer, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await sign_in(opened(), authority, clock)
    tokens = opened()
    await tokens.renew(await tokens.get())
    authority.people.forget()
    with pytest.raises(LoginError):
        await tokens.renew(await tokens.get())
    secrets, logged = authority.secrets(), caplog.text
    assert len(secrets) == 4
    assert "msal" in logged
    assert [secret for secret in secrets if secret in logged] == []


async def test_no_token_lies_about_in_the_clear(
    opened: Open, authority: AuthorityServer, clock: FakeClock, folder: Path
) -> None:
    await sign_in(opened(), authority, clock)
    token = await opened().get()
    kept = await asyncio.to_thread((folder / "m365.tokens").read_bytes)
    assert token.encode() not in kept
    assert b"RefreshToken" not in kept
    assert "RefreshToken" in (FileVault(folder, "m365", KEY).read("tokens") or "")
