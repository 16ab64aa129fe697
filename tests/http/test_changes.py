"""A change is sent only while it may be, and never twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aioresponses import CallbackResult

from calsync.errors import Retry, UnknownOutcome
from calsync.http import Answer, Http
from calsync.ports import SystemClock, may_change
from tests.http.conftest import BASE, Noon

if TYPE_CHECKING:
    from aioresponses import aioresponses
    from yarl import URL


async def test_a_change_is_asked_about_when_its_turn_has_come(wire: aioresponses) -> None:
    async def lose_it(url: URL, **_: Any) -> CallbackResult:
        await asyncio.sleep(0)
        lost.append(True)
        return CallbackResult()

    def ask() -> None:
        if lost:
            raise Retry("somebody else works on it")

    lost: list[bool] = []
    http = Http("flowfact", BASE, Noon(), concurrency=1)
    wire.post(f"{BASE}/a", callback=lose_it)
    wire.get(f"{BASE}/b", body="x")
    may_change.set(ask)
    changes = (http.request("POST", "/a", headers={}, changes=True) for _ in range(2))
    first, second = await asyncio.gather(*changes, return_exceptions=True)
    assert isinstance(first, Answer)
    assert isinstance(second, Retry)
    assert (await http.request("GET", "/b", headers={})).text == "x"
    assert http.requests == 2
    await http.close()


async def test_a_change_is_asked_about_once_more_when_it_is_written() -> None:
    arrived: list[str] = []

    async def note(request: web.Request) -> web.Response:
        arrived.append(await request.text())
        return web.Response()

    asked: list[bool] = []

    def ask() -> None:
        asked.append(True)
        if len(asked) % 2 == 0:
            raise Retry("somebody else works on it")

    app = web.Application()
    app.add_routes([web.patch("/", note)])
    async with TestServer(app) as server:
        http = Http("flowfact", str(server.make_url("/")), Noon())
        may_change.set(ask)
        with pytest.raises(Retry, match="somebody else"):
            await http.request("PATCH", "/", headers={}, json={"a": 1}, changes=True)
        may_change.set(lambda: None)
        assert (await http.request("PATCH", "/", headers={}, json={"a": 2}, changes=True)).ok
        await http.close()
    assert arrived == ['{"a":2}']


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST"])
@pytest.mark.parametrize("body", [None, b"text"])
async def test_a_change_whose_answer_is_lost_is_not_sent_again(method: str, body: bytes | None) -> None:
    arrived: list[str] = []

    async def hang_up(request: web.Request) -> web.Response:
        arrived.append(await request.text())
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", hang_up)
    async with TestServer(app) as server:
        http = Http("flowfact", str(server.make_url("")).rstrip("/"), SystemClock())
        for _ in range(2):
            with pytest.raises(UnknownOutcome):
                await http.request(method, "/event", headers={}, body=body, changes=True)
        await http.close()
    assert len(arrived) == 2
