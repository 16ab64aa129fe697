"""Calls from outside: what a provider answers is said, as plain text; all else is a glance, and learns nothing."""

from __future__ import annotations

import asyncio
import gzip
import io
import logging
import socket
import zlib
from typing import TYPE_CHECKING

import aiohttp
import pytest

from calsync.errors import ConfigError
from calsync.ports import Call
from calsync.web import Endpoint, doorbells, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import ClientResponse
    from aiohttp import ClientSession as Client

CALL = b"POST /doorbells/m365?canary HTTP/1.1\r\nHost: x\r\n"
HTML = "<script>alert('Grüße')</script>"


class Ear:
    """Hears calls, and answers each with the same text."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.text: str | None = None

    def __call__(self, call: Call) -> str | None:
        self.calls.append(call)
        return self.text


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def endpoint(ear: Ear) -> Endpoint:
    endpoint = Endpoint("https://calsync.example.de/sync")
    endpoint.of("m365").open(ear)
    return endpoint


@pytest.fixture
async def client(endpoint: Endpoint, port: int) -> AsyncIterator[Client]:
    async with (
        serving(endpoint.routes(), "127.0.0.1", port),
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client,
    ):
        yield client


def expect_hardened(answer: ClientResponse) -> None:
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Server" not in answer.headers


def test_the_address_is_below_the_public_one(endpoint: Endpoint, ear: Ear) -> None:
    assert endpoint.of("m365").open(ear) == "https://calsync.example.de/sync/doorbells/m365"


async def test_a_call_is_handed_on_and_accepted(client: Client, ear: Ear) -> None:
    answer = await client.post(
        "/doorbells/m365?a=b+c", data=b'{"x": 1}', headers={"Content-Type": "Application/JSON; charset=utf-8"}
    )
    assert (answer.status, await answer.read()) == (202, b"")
    assert ear.calls == [Call({"a": "b c"}, "application/json", b'{"x": 1}')]
    expect_hardened(answer)


async def test_a_text_is_echoed_as_plain_text_and_nothing_else(client: Client, ear: Ear) -> None:
    ear.text = HTML
    answer = await client.post("/doorbells/m365")
    assert (answer.status, await answer.read()) == (200, HTML.encode())
    assert answer.headers["Content-Type"] == "text/plain"
    expect_hardened(answer)


async def test_a_text_that_is_too_long_is_not_echoed(client: Client, ear: Ear) -> None:
    ear.text = "x" * (doorbells.MAX_TEXT + 1)
    answer = await client.post("/doorbells/m365")
    assert (answer.status, await answer.read()) == (400, b"")


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_large_is_refused_and_not_heard(
    client: Client, ear: Ear, *, chunked: bool
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b"x" * 65_536

    data = pieces() if chunked else io.BytesIO(b"x" * (doorbells.MAX_CALL_BYTES + 1))
    answer = await client.post("/doorbells/m365", data=data)
    assert answer.status == 413
    assert ear.calls == []


async def test_the_largest_body_is_heard(client: Client, ear: Ear) -> None:
    answer = await client.post("/doorbells/m365", data=io.BytesIO(b"x" * doorbells.MAX_CALL_BYTES))
    assert answer.status == 202
    assert len(ear.calls[0].body) == doorbells.MAX_CALL_BYTES


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/doorbells/m365", 405),
        ("PUT", "/doorbells/m365", 405),
        ("POST", "/doorbells/flowfact", 404),
        ("POST", "/doorbells/m365/x", 404),
        ("POST", "/", 404),
        ("GET", "/", 404),
    ],
)
async def test_there_is_nothing_else(client: Client, ear: Ear, method: str, path: str, status: int) -> None:
    answer = await client.request(method, path)
    assert answer.status == status
    assert ear.calls == []
    expect_hardened(answer)


async def test_a_call_that_never_ends_is_given_up(
    client: Client, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorbells, "PATIENCE", 0.05)
    held = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"{"
        await held.wait()

    answer = await client.post("/doorbells/m365", data=pieces())
    assert answer.status == 408
    assert ear.calls == []
    held.set()


async def test_a_bug_in_a_provider_shows_nothing_of_the_call(
    client: Client, endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(call: Call) -> str | None:
        raise ValueError(call.body.decode())

    caplog.set_level(logging.DEBUG)
    endpoint.of("m365").open(broken)
    answer = await client.post("/doorbells/m365", data=b"secret words")
    assert (answer.status, await answer.read()) == (500, b"")
    assert "a bug, ValueError" in caplog.text
    assert "secret words" not in caplog.text


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_a_body_that_grows_when_it_is_unpacked_is_refused(client: Client, ear: Ear, coding: str) -> None:
    pack = gzip.compress if coding == "gzip" else zlib.compress
    body = pack(b"x" * (100 * doorbells.MAX_CALL_BYTES))
    assert len(body) < doorbells.MAX_CALL_BYTES
    answer = await client.post("/doorbells/m365", data=body, headers={"Content-Encoding": coding})
    assert answer.status in {400, 413}
    assert ear.calls == []


@pytest.mark.parametrize(
    "sent",
    [
        b"canary-words\r\n\r\n",
        CALL + b"Content-Length: canary-words\r\n\r\n",
        CALL + b"Content-Encoding: gzip\r\nContent-Length: 12\r\n\r\ncanary-words",
        CALL.replace(b"m365", b"canary-words") + b"Content-Length: 0\r\n\r\n",
        CALL + b"Content-Length: 99\r\n\r\ncanary-words",
    ],
)
@pytest.mark.usefixtures("client")
async def test_what_makes_no_sense_is_not_logged(
    port: int, ear: Ear, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    writer.write_eof()
    await asyncio.wait_for(reader.read(), 20)
    writer.close()
    await writer.wait_closed()
    assert ear.calls == []
    assert "canary" not in caplog.text
    assert "Traceback" not in caplog.text


async def test_it_is_served_while_it_is_wanted(endpoint: Endpoint, port: int) -> None:
    async with serving(endpoint.routes(), "127.0.0.1", port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        await writer.wait_closed()
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection("127.0.0.1", port)


async def test_a_port_that_is_taken_is_told_with_its_key(endpoint: Endpoint) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=r"service\.listen: cannot listen at 127\.0\.0\.1"):
            async with serving(endpoint.routes(), "127.0.0.1", port):
                pytest.fail("nobody can listen there")
