"""Those who look at the pages notice what is no page, and bear that nobody answers."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from calsync.store import SqliteStore
from tests.soak import visitors
from tests.soak.visitors import Visitors, sessions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BOTH = {"loads": "one", "listens": "other"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "PACE", 0.01)
    monkeypatch.setattr(visitors, "AGAIN", 0.01)


async def looked(url: str, enough: Callable[[Visitors], object]) -> Visitors:
    """Let them look until something has come about."""
    found = Visitors(url, BOTH)
    task = asyncio.create_task(found.look())
    async with asyncio.timeout(20):
        while not enough(found):  # noqa: ASYNC110 - they tell nobody
            await asyncio.sleep(0.01)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return found


async def test_pages_and_messages_are_counted() -> None:
    seen: set[str] = set()

    async def page(request: web.Request) -> web.Response:
        seen.add(request.headers["Cookie"])
        return web.Response(text="a page")

    async def stream(request: web.Request) -> web.StreamResponse:
        seen.add(request.headers["Cookie"])
        response = web.StreamResponse()
        await response.prepare(request)
        for text in (b":\n\n", b'data: ["anna"]\n\n'):
            await response.write(text)
        return response

    app = web.Application()
    app.add_routes([web.get("/", page), web.get("/events", stream)])
    async with TestServer(app) as server:
        found = await looked(str(server.make_url("/")), lambda one: one.loaded > 2 and one.heard > 3)
    assert not found.refused
    assert seen == {"calsync_session=one", "calsync_session=other"}


async def test_a_sign_in_that_is_lost_is_no_page() -> None:
    async def away(_: web.Request) -> web.Response:
        return web.Response(status=303, headers={"Location": "/sign-in"})

    app = web.Application()
    app.add_routes([web.get("/", away), web.get("/events", away)])
    async with TestServer(app) as server:
        found = await looked(str(server.make_url("/")), lambda one: len(one.refused) == 2)
    assert set(found.refused) == {"/ 303", "/events 303"}
    assert (found.loaded, found.heard) == (0, 0)


async def test_everybody_is_there_with_an_account_before_the_service_is(tmp_path: Path) -> None:
    found = await sessions(tmp_path / "calsync.db", {"loads": "account-000", "listens": "account-001"})
    assert len(set(found.values())) == 2
    store = await SqliteStore.open(tmp_path / "calsync.db")
    assert sorted(account for _, account in await store.people.owners()) == ["account-000", "account-001"]
    await store.close()
