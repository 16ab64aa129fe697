"""Signing in: with a secret, with a certificate, once for all callers, and what its refusals mean."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from calsync.errors import ConfigError, LoginError, Retry
from calsync.signin import ApplicationTokens, Certificate, Registration, Tokens
from calsync.values import replace
from calsync_sandbox.faults import Fault
from tests.signin.conftest import CLIENT, SECRET, TENANT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calsync.testing import FakeClock
    from calsync_sandbox.authority import AuthorityServer

TOKEN_PATH = "oauth2/v2.0/token"


@pytest.fixture
def tokens(registration: Registration, clock: FakeClock) -> Iterator[Tokens]:
    opened = ApplicationTokens(registration, SECRET, clock)
    yield opened
    opened.close()


def asked(authority: AuthorityServer) -> int:
    """Return how many tokens were asked for."""
    return sum(TOKEN_PATH in request.path for request in authority.requests)


async def failure(
    registration: Registration, clock: FakeClock, credential: str | Certificate = SECRET
) -> Exception:
    """Return the error that signing in ends with."""
    opened = ApplicationTokens(registration, credential, clock)
    try:
        with pytest.raises((LoginError, Retry, ConfigError)) as failed:
            await opened.get()
    finally:
        opened.close()
    return failed.value


async def test_a_token_is_asked_for_once_by_all(tokens: Tokens, authority: AuthorityServer) -> None:
    found = await asyncio.gather(*(tokens.get() for _ in range(50)))
    assert len(set(found)) == 1
    assert authority.tokens.find(found[0]) is not None
    assert asked(authority) == 1


async def test_a_token_is_left_five_minutes_before_its_end(
    tokens: Tokens, authority: AuthorityServer, clock: FakeClock
) -> None:
    authority.token_seconds = 3600
    first = await tokens.get()
    clock.advance(3600 - 301)
    assert await tokens.get() == first
    assert asked(authority) == 1
    clock.advance(2)
    # msal looks at the machine's clock, so that its own store still answers the same token.
    assert await tokens.get() == first


async def test_a_refused_token_is_replaced_once_for_all(tokens: Tokens, authority: AuthorityServer) -> None:
    first = await tokens.get()
    renewed = await asyncio.gather(*(tokens.renew(first) for _ in range(5)))
    assert set(renewed) != {first}
    assert len(set(renewed)) == 1
    assert asked(authority) == 2


def certified(folder: Path, authority: AuthorityServer) -> tuple[Certificate, x509.Certificate]:
    """Return a new certificate that the authority knows, and where its files are."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "calsync")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    (folder / "cert.pem").write_bytes(pem)
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    (folder / "key.pem").chmod(0o600)
    authority.register(TENANT, CLIENT, certificate=pem.decode())
    files = Certificate(private_key=str(folder / "key.pem"), public_certificate=str(folder / "cert.pem"))
    return files, made


@pytest.mark.parametrize("by_thumbprint", [False, True])
async def test_a_certificate_signs_in(
    registration: Registration, authority: AuthorityServer, clock: FakeClock, tmp_path: Path, by_thumbprint: bool
) -> None:
    files, made = certified(tmp_path, authority)
    if by_thumbprint:
        thumbprint = made.fingerprint(hashes.SHA1()).hex()  # noqa: S303 - Entra names certificates by it
        files = Certificate(private_key=str(tmp_path / "key.pem"), thumbprint=thumbprint)
    opened = ApplicationTokens(registration, files, clock)
    assert authority.tokens.find(await opened.get()) is not None
    opened.close()


async def test_a_certificate_that_was_renewed_is_read_anew(
    registration: Registration, authority: AuthorityServer, clock: FakeClock, tmp_path: Path
) -> None:
    files, _ = certified(tmp_path, authority)
    (tmp_path / "new").mkdir()
    certified(tmp_path / "new", authority)  # the authority knows only this one now
    opened = ApplicationTokens(registration, files, clock)
    with pytest.raises(LoginError, match="certificate is wrong or has expired"):
        await opened.get()
    for name in ("key.pem", "cert.pem"):
        (tmp_path / "new" / name).replace(tmp_path / name)
    clock.advance(60)
    assert authority.tokens.find(await opened.get()) is not None
    opened.close()


async def test_a_missing_certificate_is_named(
    registration: Registration, clock: FakeClock, tmp_path: Path
) -> None:
    files = Certificate(private_key=str(tmp_path / "none.pem"), thumbprint="0a" * 20)
    error = await failure(registration, clock, files)
    assert isinstance(error, ConfigError)
    assert "none.pem" in str(error)


@pytest.mark.parametrize("mode", [0o640, 0o604])
async def test_a_key_that_others_can_read_is_refused_with_what_to_run(
    registration: Registration, authority: AuthorityServer, clock: FakeClock, tmp_path: Path, mode: int
) -> None:
    files, _ = certified(tmp_path, authority)
    (tmp_path / "cert.pem").chmod(0o644)  # everybody may know this one
    (tmp_path / "key.pem").chmod(mode)
    error = await failure(registration, clock, files)
    assert isinstance(error, ConfigError)
    assert str(error) == (
        f"connection m365: {tmp_path}/key.pem can be read by others; run: chmod 600 {tmp_path}/key.pem"
    )
    assert asked(authority) == 0


async def test_who_reads_a_key_that_systemd_hands_over_is_its_to_decide(
    registration: Registration,
    authority: AuthorityServer,
    clock: FakeClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files, _ = certified(tmp_path, authority)
    (tmp_path / "key.pem").chmod(0o440)  # an access list shows as the group's right
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    opened = ApplicationTokens(registration, files, clock)
    assert authority.tokens.find(await opened.get()) is not None
    opened.close()


@pytest.mark.parametrize("broken", ["key.pem", "cert.pem"])
async def test_a_broken_file_is_named(
    registration: Registration, authority: AuthorityServer, clock: FakeClock, tmp_path: Path, broken: str
) -> None:
    files, _ = certified(tmp_path, authority)
    (tmp_path / broken).write_bytes(b"\xff no PEM")
    error = await failure(registration, clock, files)
    assert isinstance(error, ConfigError)
    assert broken in str(error)


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ({"client_id": "0000"}, "client_id"),
        ({"tenant_id": "nobody.example"}, "tenant_id"),
    ],
)
async def test_wrong_credentials_say_what_to_check(
    registration: Registration, clock: FakeClock, change: dict[str, str], advice: str
) -> None:
    error = await failure(replace(registration, **change), clock)  # type: ignore[arg-type] # by name
    assert isinstance(error, LoginError)
    assert advice in str(error)
    assert "m365" in str(error)


async def test_a_wrong_secret_is_not_repeated(registration: Registration, clock: FakeClock) -> None:
    error = await failure(registration, clock, "of-yesterday")
    assert isinstance(error, LoginError)
    assert "client_secret" in str(error)
    assert "yesterday" not in str(error)


@pytest.mark.parametrize(("code", "kind"), [("temporarily_unavailable", Retry), ("access_denied", LoginError)])
async def test_an_error_is_told_by_its_word(
    registration: Registration, authority: AuthorityServer, clock: FakeClock, code: str, kind: type[Exception]
) -> None:
    body = f'{{"error": "{code}", "error_description": "AADSTS1: anna@example.de"}}'.encode()
    authority.faults.add(
        Fault(path=TOKEN_PATH, status=400, body=body, headers={"Content-Type": "application/json"})
    )
    error = await failure(registration, clock)
    assert isinstance(error, kind)
    assert code in str(error)
    assert "@" not in str(error)


@pytest.mark.parametrize(
    ("fault", "after"),
    [
        (Fault(path=TOKEN_PATH, status=503, headers={"Retry-After": "30"}), 30),
        (Fault(path=TOKEN_PATH, status=429), 60),
        (Fault(path="openid-configuration", status=500), None),
        (Fault(path="openid-configuration", status=429, headers={"Retry-After": "soon"}), 60),
        (Fault(path=TOKEN_PATH, status=429, headers={"Retry-After": "Mon, 02 Mar 2026 08:02:00 GMT"}), 120),
        (Fault(path=TOKEN_PATH, status=429, headers={"Retry-After": "999999"}), 3600),
        (Fault(path=TOKEN_PATH, drop=True), None),
        (Fault(path=TOKEN_PATH, status=200, body=b"<html>portal</html>"), None),
        (Fault(path="openid-configuration", status=302, headers={"Location": "http://127.0.0.1:9/"}), None),
    ],
)
async def test_a_server_in_trouble_is_asked_again_later(
    tokens: Tokens, authority: AuthorityServer, clock: FakeClock, fault: Fault, after: float | None
) -> None:
    authority.faults.add(fault)
    with pytest.raises(Retry, match="m365") as busy:
        await tokens.get()
    assert busy.value.after == after
    clock.advance(after or 0)
    assert authority.tokens.find(await tokens.get()) is not None


async def test_a_busy_server_is_left_alone_for_as_long_as_it_asks(
    tokens: Tokens, authority: AuthorityServer, clock: FakeClock
) -> None:
    authority.faults.add(Fault(path=TOKEN_PATH, status=429, headers={"Retry-After": "20"}))
    results = await asyncio.gather(*(tokens.get() for _ in range(5)), return_exceptions=True)
    assert [result.after for result in results if isinstance(result, Retry)] == [20] * 5
    assert len(authority.sent("POST", "/token")) == 1
    clock.advance(20)
    assert authority.tokens.find(await tokens.get()) is not None


async def test_a_refusal_holds_for_all_that_use_the_connection(
    tokens: Tokens, authority: AuthorityServer, clock: FakeClock
) -> None:
    authority.people.consented = False
    results = await asyncio.gather(*(tokens.get() for _ in range(50)), return_exceptions=True)
    assert {type(result) for result in results} == {LoginError}
    assert "unauthorized_client" in str(results[-1])
    assert asked(authority) == 1


async def test_a_challenge_is_answered_by_one_request(
    registration: Registration, authority: AuthorityServer, clock: FakeClock
) -> None:
    opened = ApplicationTokens(replace(registration, takes_challenges=True), SECRET, clock)
    token = await opened.get()
    authority.tokens.demanded = '{"access_token": {"nbf": {"essential": true, "value": "1"}}}'
    claims = authority.tokens.challenge(token)
    assert claims is not None
    renewed = await asyncio.gather(*(opened.renew(token, claims) for _ in range(5)))
    assert len(set(renewed)) == 1
    assert authority.tokens.challenge(renewed[0]) is None
    assert asked(authority) == 2
    opened.close()


async def test_a_challenge_that_does_not_end_asks_for_one_token_a_minute(
    registration: Registration, authority: AuthorityServer, clock: FakeClock
) -> None:
    opened = ApplicationTokens(replace(registration, takes_challenges=True), SECRET, clock)
    claims = '{"access_token": {"nbf": {"essential": true, "value": "1"}}}'
    renewed = await opened.renew(await opened.get(), claims)
    for _ in range(5):
        with pytest.raises(LoginError, match=r"m365: .* demands more of each token: ask the tenant's admin"):
            await opened.renew(renewed, claims)
    assert asked(authority) == 2
    assert await opened.renew("another one", claims) == renewed
    clock.advance(60)
    assert await opened.renew(renewed, claims) != renewed
    assert asked(authority) == 3
    opened.close()


async def test_a_server_that_must_not_challenge_does_not(tokens: Tokens, authority: AuthorityServer) -> None:
    authority.tokens.demanded = '{"access_token": {"nbf": {"essential": true, "value": "1"}}}'
    assert authority.tokens.challenge(await tokens.get()) is None


async def test_an_authority_that_is_away_is_asked_again_later(tokens: Tokens, authority: AuthorityServer) -> None:
    await authority.stop()
    with pytest.raises(Retry, match="ConnectionError"):
        await tokens.get()


async def test_the_environment_decides_nothing(
    tokens: Tokens, authority: AuthorityServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert authority.tokens.find(await tokens.get()) is not None


@pytest.mark.parametrize(
    "authority_url",
    [
        "https://login.microsoftonline.us",
        "https://login.chinacloudapi.cn",
        "https://login.sovcloud-identity.de",
        "https://login.sovcloud-identity.fr",
    ],
)
async def test_the_real_authority_is_asked_by_its_own_name(
    registration: Registration, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, authority_url: str
) -> None:
    urls: list[str] = []
    limits: dict[str, Any] = {}

    def refuse(_: requests.Session, method: str, url: str, **arguments: Any) -> requests.Response:
        urls.append(f"{method} {url}")
        limits.update(arguments)
        raise requests.ConnectTimeout

    monkeypatch.setattr(requests.Session, "request", refuse)
    real = replace(registration, authority_url=authority_url)
    assert isinstance(await failure(real, clock), Retry)
    assert urls[0].startswith(f"GET {authority_url}/{TENANT}/v2.0/")
    assert limits["timeout"] > 0
    assert limits["allow_redirects"] is False
