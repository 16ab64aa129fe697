"""A server proves who it is with TLS 1.2 or later, always; a private authority is trusted by its file."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

import pytest
import requests
from aiohttp import web
from aiohttp.test_utils import TestServer

from calsync.errors import Retry
from calsync.http import Http
from calsync.http.trust import trusted
from calsync.ports import SystemClock
from calsync.signin.authority import AuthorityHttp, translated
from calsync_sandbox.ews.certificate import OwnCertificate, make_certificate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
TLS = ssl.TLSVersion


@pytest.fixture
def certificate(tmp_path: Path) -> OwnCertificate:
    return make_certificate(tmp_path)


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[ssl.SSLContext, ssl.TLSVersion], Awaitable[str]]]:
    """Return how to start a server that speaks TLS up to a version; its address."""
    servers: list[TestServer] = []

    async def start(context: ssl.SSLContext, newest: ssl.TLSVersion) -> str:
        async def hello(_: web.Request) -> web.Response:
            return web.Response(text="hello")

        context.minimum_version = TLS.TLSv1
        context.maximum_version = newest
        context.set_ciphers("ALL:@SECLEVEL=0")  # else OpenSSL itself refuses what is older
        app = web.Application()
        app.router.add_get("/", hello)
        servers.append(TestServer(app, scheme="https", skip_url_asserts=True))
        await servers[-1].start_server(ssl=context)
        return str(servers[-1].make_url("/"))

    yield start
    for server in servers:
        await server.close()


def lax(context: ssl.SSLContext) -> ssl.SSLContext:
    """Let OpenSSL speak what is older, where the one who asks does not forbid it."""
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


@pytest.mark.parametrize("with_file", [False, True])
def test_the_terms(certificate: OwnCertificate, with_file: bool) -> None:
    context = trusted(str(certificate.authority) if with_file else None)
    assert context.minimum_version == TLS.TLSv1_2
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.mark.parametrize("newest", [TLS.TLSv1_2, TLS.TLSv1_3])
async def test_a_private_authority_is_trusted_by_its_file(
    certificate: OwnCertificate, serve: Callable[..., Awaitable[str]], newest: ssl.TLSVersion
) -> None:
    http = Http(
        "exchange", await serve(certificate.context, newest), SystemClock(), ca_file=str(certificate.authority)
    )
    try:
        assert (await http.request("GET", http.base, headers={})).body == b"hello"
    finally:
        await http.close()


async def test_a_server_that_speaks_tls_1_1_is_left(
    certificate: OwnCertificate, serve: Callable[..., Awaitable[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calsync.http.door.trusted", lambda path: lax(trusted(path)))
    http = Http(
        "exchange",
        await serve(certificate.context, TLS.TLSv1_1),
        SystemClock(),
        ca_file=str(certificate.authority),
    )
    try:
        with pytest.raises(Retry, match="cannot reach"):
            await http.request("GET", http.base, headers={})
    finally:
        await http.close()


async def test_that_server_would_be_spoken_to_by_whoever_allows_it(
    certificate: OwnCertificate, serve: Callable[..., Awaitable[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test before this one is about the version, and about nothing else."""

    def anything(path: str | None) -> ssl.SSLContext:
        context = lax(trusted(path))
        context.minimum_version = TLS.TLSv1
        return context

    monkeypatch.setattr("calsync.http.door.trusted", anything)
    http = Http(
        "exchange",
        await serve(certificate.context, TLS.TLSv1_1),
        SystemClock(),
        ca_file=str(certificate.authority),
    )
    try:
        assert (await http.request("GET", http.base, headers={})).ok
    finally:
        await http.close()


@pytest.mark.parametrize("stranger", ["unknown authority", "another name", "expired"])
async def test_who_cannot_prove_it_is_sent_nothing(
    tmp_path: Path, serve: Callable[..., Awaitable[str]], stranger: str
) -> None:
    address, days = (
        ("192.0.2.1" if stranger == "another name" else "127.0.0.1"),
        -1 if stranger == "expired" else 30,
    )
    theirs = make_certificate(tmp_path, address=address, days=days)
    ca_file = None if stranger == "unknown authority" else str(theirs.authority)
    http = Http("exchange", await serve(theirs.context, TLS.TLSv1_3), SystemClock(), ca_file=ca_file)
    try:
        with pytest.raises(Retry, match="its certificate is not trusted"):
            await http.request("GET", http.base, headers={})
    finally:
        await http.close()


@pytest.mark.parametrize("newest", [TLS.TLSv1_1, TLS.TLSv1_2])
async def test_a_sign_in_server_has_to_speak_it_too(
    certificate: OwnCertificate,
    serve: Callable[..., Awaitable[str]],
    newest: ssl.TLSVersion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = await serve(certificate.context, newest)
    session = AuthorityHttp("m365", url, SystemClock())
    monkeypatch.setattr(session._session, "verify", str(certificate.authority))

    def ask() -> bool:
        with translated("m365"):
            return session.get(url).ok

    try:
        if newest is TLS.TLSv1_2:
            assert await asyncio.to_thread(ask)
        else:
            with pytest.raises(Retry, match="SSLError"):
                await asyncio.to_thread(ask)
    finally:
        session.close()


async def test_a_sign_in_server_has_to_prove_itself(
    certificate: OwnCertificate, serve: Callable[..., Awaitable[str]]
) -> None:
    url = await serve(certificate.context, TLS.TLSv1_3)
    session = AuthorityHttp("m365", url, SystemClock())
    with pytest.raises(requests.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        await asyncio.to_thread(session.get, url)
    session.close()
