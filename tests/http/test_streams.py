"""Bodies that a server goes on to send."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from calsync.errors import Retry
from calsync.http import Http
from calsync.ports import SystemClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Streaming:
    """A server that streams what a test lets it, and its door."""

    def __init__(self) -> None:
        self.pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
        """None: the connection breaks off; b"": it ends."""
        self.status = 200
        self.gone = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=self.status)
        await response.prepare(request)
        try:
            while piece := await self.pieces.get():
                await response.write(piece)
            if piece is None and request.transport is not None:
                request.transport.abort()
        except asyncio.CancelledError:
            self.gone.set()
            raise
        return response


@pytest.fixture
async def streaming() -> AsyncIterator[tuple[Streaming, Http]]:
    it, application = Streaming(), web.Application()
    application.router.add_post("/", it.answer)
    async with TestServer(application, handler_cancellation=True) as server:
        http = Http("exchange", str(server.make_url("/")), SystemClock(), concurrency=1, timeout=20)
        yield it, http
        await http.close()


async def test_a_stream_is_read_as_it_comes(streaming: tuple[Streaming, Http]) -> None:
    server, http = streaming
    answer = await http.request("POST", http.base, headers={}, silence=60)
    assert (answer.status, answer.body, http.requests) == (200, b"", 1)
    assert answer.stream is not None
    pieces = answer.stream.pieces()
    for sent in (b"one", b"two"):
        server.pieces.put_nowait(sent)
        assert await anext(pieces) == sent
    server.pieces.put_nowait(b"")
    assert [piece async for piece in pieces] == []
    answer.stream.close()


async def test_a_stream_that_breaks_off_or_falls_silent_is_told(streaming: tuple[Streaming, Http]) -> None:
    server, http = streaming
    for silence in (60, 0.5):
        answer = await http.request("POST", http.base, headers={}, silence=silence)
        assert answer.stream is not None
        if silence == 60:
            server.pieces.put_nowait(None)
        with pytest.raises(Retry, match="stream broke off"):
            async for _ in answer.stream.pieces():
                pass
        answer.stream.close()


async def test_a_closed_stream_lets_the_server_go(streaming: tuple[Streaming, Http]) -> None:
    server, http = streaming
    answer = await http.request("POST", http.base, headers={}, silence=60)
    assert answer.stream is not None
    answer.stream.close()
    await asyncio.wait_for(server.gone.wait(), 20)


async def test_a_refusal_is_no_stream(streaming: tuple[Streaming, Http]) -> None:
    server, http = streaming
    server.status = 401
    server.pieces.put_nowait(b"no")
    server.pieces.put_nowait(b"")
    answer = await http.request("POST", http.base, headers={}, silence=60)
    assert (answer.status, answer.body, answer.stream) == (401, b"no", None)


async def test_a_stream_has_to_begin_as_soon_as_any_answer() -> None:
    waiting = asyncio.Event()
    waiting.set()

    async def answer(_: web.Request) -> web.Response:
        await waiting.wait()
        return web.Response()

    application = web.Application()
    application.router.add_post("/", answer)
    async with TestServer(application) as server:
        http = Http("exchange", str(server.make_url("/")), SystemClock(), timeout=20)
        assert (await http.request("POST", http.base, headers={})).ok  # it is connected
        waiting.clear()
        http._timeout = aiohttp.ClientTimeout(total=0.05, sock_connect=20)
        with pytest.raises(Retry, match="was lost"):
            await http.request("POST", http.base, headers={}, silence=60)
        waiting.set()
        await http.close()
