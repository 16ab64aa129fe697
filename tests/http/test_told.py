"""Whoever measures hears of each request that was sent, and of what it came to."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aioresponses import CallbackResult

from calsync.errors import Retry
from calsync.http import Http, HttpFactory
from calsync.testing import FakeClock
from tests.http.conftest import BASE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aioresponses import aioresponses


class Told:
    """Hears of requests that were sent."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, float]] = []

    def __call__(self, connection: str, status: str, seconds: float, /) -> None:
        self.requests.append((connection, status, seconds))


@pytest.fixture
async def told() -> Told:
    return Told()


@pytest.fixture
async def heard(told: Told) -> AsyncIterator[Http]:
    http = HttpFactory(FakeClock(), told).open("flowfact", BASE)
    yield http
    await http.close()


async def test_each_request_is_told_with_its_status(heard: Http, told: Told, wire: aioresponses) -> None:
    async def slow(*_: Any, **__: Any) -> CallbackResult:
        clock = heard.clock
        assert isinstance(clock, FakeClock)
        clock.advance(0.25)
        return CallbackResult(status=404)

    wire.get(f"{BASE}/x", callback=slow)
    await heard.request("GET", "/x", headers={})
    assert told.requests == [("flowfact", "404", 0.25)]


async def test_requests_without_an_answer_are_told_as_what_they_came_to(
    heard: Http, told: Told, wire: aioresponses
) -> None:
    wire.get(f"{BASE}/x", exception=aiohttp.ConnectionTimeoutError())
    wire.get(f"{BASE}/y", exception=TimeoutError())
    for path in ("/x", "/y"):
        with pytest.raises(Retry):
            await heard.request("GET", path, headers={})
    assert [status for _, status, _ in told.requests] == ["unreachable", "lost"]


async def test_what_is_not_sent_is_not_told(heard: Http, told: Told) -> None:
    with pytest.raises(Retry):
        await heard.request("GET", "/x", headers={}, by=heard.clock.now() - timedelta(seconds=1))
    assert told.requests == []
