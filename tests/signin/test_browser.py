"""A person signs in in the browser: who comes back with what belongs to another sign-in is not let in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest

from calsync.errors import LoginError, Retry
from calsync.signin import DelegatedTokens, Registration
from calsync.values import replace
from calsync.vault import FileVault
from calsync_sandbox.faults import Fault
from tests.signin.conftest import CLIENT, TENANT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calsync.ports import BrowserSignIn
    from calsync.testing import FakeClock
    from calsync_sandbox.authority import AuthorityServer

ANNA, BERT = "anna@example.de", "bert@example.de"
BACK = "https://calsync.example.de/sign-in/m365"


@pytest.fixture
def vault(tmp_path: Path) -> FileVault:
    return FileVault(tmp_path / "calsync.db.vault", "m365", b"k" * 32)


@pytest.fixture
def delegated(
    registration: Registration, authority: AuthorityServer, vault: FileVault, clock: FakeClock
) -> Iterator[DelegatedTokens]:
    authority.register(TENANT, CLIENT, public=True)
    authority.codes.at_the_browser = authority.people.add(ANNA)
    scopes = ("http://127.0.0.1:9/Calendars.ReadWrite",)
    tokens = DelegatedTokens(replace(registration, scopes=scopes), vault, clock)
    yield tokens
    tokens.close()


async def visit(begun: BrowserSignIn) -> dict[str, str]:
    """Go where the browser is sent, and return what it comes back with."""
    async with (
        aiohttp.ClientSession() as browser,
        browser.get(begun.address, allow_redirects=False) as answer,
    ):
        assert answer.status == 302
        back = answer.headers["Location"]
    assert back.startswith(BACK + "?")
    return dict(parse_qsl(urlsplit(back).query))


async def sign_in(tokens: DelegatedTokens) -> str:
    begun = await tokens.begin(BACK)
    return (await tokens.finish(begun.flow, await visit(begun))).address


async def test_who_signed_in_is_told_and_remembered(
    delegated: DelegatedTokens, authority: AuthorityServer
) -> None:
    begun = await delegated.begin(BACK)
    found = await delegated.finish(begun.flow, await visit(begun))
    anna = authority.people.add(ANNA)
    assert (found.tenant_id, found.object_id, found.address) == (TENANT, anna.user_id, ANNA)
    grant = authority.tokens.find(await delegated.get())
    assert grant is not None
    assert grant.person == ANNA
    assert await delegated.renew(await delegated.get())  # by the refresh token that came with it


async def test_the_browser_is_told_no_verifier_and_chooses_an_account(delegated: DelegatedTokens) -> None:
    begun = await delegated.begin(BACK)
    assert begun.flow["code_verifier"] not in begun.address
    assert "prompt=select_account" in begun.address
    assert "code_challenge_method=S256" in begun.address


@pytest.mark.parametrize("change", ["state", "nonce", "code_verifier", "none"])
async def test_what_belongs_to_another_sign_in_is_refused(
    delegated: DelegatedTokens, vault: FileVault, change: str
) -> None:
    begun = await delegated.begin(BACK)
    answer = await visit(begun)
    other = await delegated.begin(BACK)
    flow = {} if change == "none" else {**begun.flow, change: other.flow[change]}
    with pytest.raises(LoginError) as refused:
        await delegated.finish(flow, answer)
    assert not any(text in str(refused.value) for text in (*answer.values(), other.flow["state"]))
    assert vault.read("tokens") is None


async def test_a_denied_consent_says_so(
    delegated: DelegatedTokens, authority: AuthorityServer, vault: FileVault
) -> None:
    authority.codes.at_the_browser = None
    with pytest.raises(LoginError, match=r"\(access_denied\): whoever signed in did not agree"):
        await sign_in(delegated)
    assert vault.read("tokens") is None


async def test_a_code_is_good_once(delegated: DelegatedTokens) -> None:
    begun = await delegated.begin(BACK)
    answer = await visit(begun)
    await delegated.finish(begun.flow, answer)
    with pytest.raises(LoginError, match=r"\(invalid_grant\)"):
        await delegated.finish(begun.flow, answer)
    assert await delegated.get()


async def test_an_authority_in_trouble_is_asked_again_later(
    delegated: DelegatedTokens, authority: AuthorityServer, clock: FakeClock
) -> None:
    begun = await delegated.begin(BACK)
    answer = await visit(begun)
    for fault in (Fault(status=503), Fault(status=200, body=b"<html>portal</html>")):
        authority.faults.add(replace(fault, method="POST", path="/token"))
        with pytest.raises(Retry):
            await delegated.finish(begun.flow, answer)
    clock.advance(60)
    assert (await delegated.finish(begun.flow, answer)).address == ANNA


async def test_signing_in_again_is_for_the_same_person_only(
    delegated: DelegatedTokens, authority: AuthorityServer, vault: FileVault
) -> None:
    await sign_in(delegated)
    authority.codes.at_the_browser = authority.people.add(BERT)
    before = await asyncio.to_thread(vault.read, "tokens")
    with pytest.raises(LoginError, match=r"another person has signed in than before.*same account"):
        await sign_in(delegated)
    assert vault.read("tokens") == before
    authority.codes.at_the_browser = authority.people.add(ANNA)
    assert await sign_in(delegated) == ANNA
    assert vault.read("tokens") != before


async def test_who_lost_the_key_signs_in_again(delegated: DelegatedTokens, tmp_path: Path) -> None:
    FileVault(tmp_path / "calsync.db.vault", "m365", b"o" * 32).write("tokens", "lost")
    assert await sign_in(delegated) == ANNA


async def test_no_code_and_no_token_is_logged_at_any_level(
    delegated: DelegatedTokens, authority: AuthorityServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    begun = await delegated.begin(BACK)
    answer = await visit(begun)
    await delegated.finish(begun.flow, answer)
    with pytest.raises(LoginError):
        await delegated.finish(begun.flow, answer)
    secrets = [*authority.secrets(), begun.flow["code_verifier"], answer["code"]]
    assert len(secrets) > 3
    assert [secret for secret in secrets if secret in caplog.text] == []
