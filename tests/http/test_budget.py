"""A server is asked no more at once than it takes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.test_utils import TestServer

from calsync.http import Http
from tests.http.conftest import Noon

if TYPE_CHECKING:
    import pytest


async def test_concurrency_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, most, full = 0, 0, asyncio.Event()

    async def count(_request: web.Request) -> web.Response:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        if inside == 2:
            full.set()
        await full.wait()
        inside -= 1
        return web.Response()

    application = web.Application()
    application.router.add_get("/x", count)
    async with TestServer(application) as server:
        http = Http("ff", str(server.make_url("")), Noon(), concurrency=2)
        await asyncio.gather(*(http.request("GET", "/x", headers={}) for _ in range(8)))
        await http.close()
    assert most == 2
    assert http.requests == 8


async def test_a_request_that_the_server_takes_for_several_has_as_many_places() -> None:
    inside, most = 0, 0

    async def count(request: web.Request) -> web.Response:
        nonlocal inside, most
        places = int(request.query["places"])
        inside += places
        most = max(most, inside)
        for _ in range(10):
            await asyncio.sleep(0)
        inside -= places
        return web.Response()

    application = web.Application()
    application.router.add_get("/x", count)
    async with TestServer(application) as server:
        http = Http("graph", str(server.make_url("")), Noon(), concurrency=3)
        wanted = [1, 2, 3, 1, 3, 2, 1, 3, 1, 1, 2, 3] * 3
        await asyncio.gather(
            *(
                http.request("GET", f"/x?places={places}", headers={}, places=places, lane=str(number % 4))
                for number, places in enumerate(wanted)
            )
        )
        alone = http.request("GET", "/x?places=3", headers={}, places=20)
        await asyncio.gather(alone, http.request("GET", "/x?places=1", headers={}))
        await http.close()
    assert most == 3


async def test_who_gives_up_waiting_for_several_places_takes_none_with_it() -> None:
    held, arrived = asyncio.Event(), asyncio.Event()

    async def hold(_request: web.Request) -> web.Response:
        arrived.set()
        await held.wait()
        return web.Response()

    application = web.Application()
    application.router.add_get("/x", hold)
    async with TestServer(application) as server:
        http = Http("graph", str(server.make_url("")), Noon(), concurrency=3)
        first = asyncio.create_task(http.request("GET", "/x", headers={}))
        await arrived.wait()
        several = asyncio.create_task(http.request("GET", "/x", headers={}, places=3, lane="a"))
        for _ in range(5):
            await asyncio.sleep(0)
        several.cancel()
        await asyncio.gather(several, return_exceptions=True)
        held.set()
        assert (await first).ok
        async with asyncio.timeout(20):
            assert (await http.request("GET", "/x", headers={}, places=3, lane="b")).ok
        await http.close()
