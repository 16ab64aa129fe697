"""What goes wrong behind the proxy goes wrong for a client as it would on a network."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from calsync.testing import FakeClock
from calsync.testing.proxy import FaultProxy, Passed, Trouble
from tests.testing.served import Served, served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from calsync.ports import Clock


@asynccontextmanager
async def before(server: Served, clock: Clock | None = None) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(server.url, clock) as proxy:
        yield proxy


@pytest.fixture
async def server() -> AsyncIterator[Served]:
    async def echo(request: web.Request) -> web.Response:
        text = f"{request.method} {request.raw_path} {started.url}/next {(await request.text())}"
        return web.Response(text=text, headers={"Location": f"{started.url}/moved", "ETag": '"1"'})

    async with served(echo) as started:
        yield started


async def test_requests_are_handed_on_and_links_lead_to_the_proxy(server: Served) -> None:
    async with before(server) as proxy, aiohttp.ClientSession() as client:
        path = "/a%2Fb/?q=%20x"
        async with client.request("REPORT", proxy.url + path, data=f"see {proxy.url}/c") as answer:
            assert await answer.text() == f"REPORT {path} {proxy.url}/next see {proxy.url}/c"
            assert (answer.status, answer.headers["ETag"]) == (200, '"1"')
            assert answer.headers["Location"] == f"{proxy.url}/moved"
        assert server.bodies == [f"see {server.url}/c"]
        assert proxy.passed == [Passed("REPORT", path, 200)]


@pytest.mark.parametrize(("after", "seen"), [(False, 0), (True, 1)])
async def test_an_answer_is_lost_before_or_after_the_server_worked(server: Served, after: bool, seen: int) -> None:
    async with before(server) as proxy, aiohttp.ClientSession() as client:
        proxy.add(Trouble(after=after))
        with pytest.raises(aiohttp.ClientError):
            await client.post(f"{proxy.url}/a")
        assert len(server.bodies) == seen
        async with client.post(f"{proxy.url}/a") as answer:
            assert answer.status == 200


async def test_a_request_is_refused_for_so_many_times(server: Served) -> None:
    async with before(server) as proxy, aiohttp.ClientSession() as client:
        proxy.add(
            Trouble(matches=lambda method, _: method == "PUT", times=2, status=429, headers={"Retry-After": "7"})
        )
        found = []
        for method in ("GET", "PUT", "PUT", "PUT"):
            async with client.request(method, f"{proxy.url}/a") as answer:
                found.append((answer.status, answer.headers.get("Retry-After")))
        assert found == [(200, None), (429, "7"), (429, "7"), (200, None)]
        assert len(server.bodies) == 2


async def test_a_body_breaks_off(server: Served) -> None:
    async with before(server) as proxy, aiohttp.ClientSession() as client:
        proxy.add(Trouble(cut=True))
        async with client.get(f"{proxy.url}/a") as answer:
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()


async def test_an_answer_is_held_back(server: Served) -> None:
    clock = FakeClock()
    async with before(server, clock) as proxy, aiohttp.ClientSession() as client:
        proxy.add(Trouble(delay=60))
        waiting = asyncio.ensure_future(client.get(f"{proxy.url}/a"))
        await clock.until_sleeping()
        assert not waiting.done()
        clock.advance(60)
        assert (await waiting).status == 200


async def test_cleared_trouble_is_over(server: Served) -> None:
    async with before(server) as proxy, aiohttp.ClientSession() as client:
        proxy.add(Trouble(times=None, status=500))
        proxy.clear()
        async with client.get(f"{proxy.url}/a") as answer:
            assert answer.status == 200
