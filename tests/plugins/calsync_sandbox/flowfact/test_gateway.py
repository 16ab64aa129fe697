from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from calsync_sandbox.flowfact import FlowfactServer

Ask = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.mark.parametrize("tag", ["", "/stable", "/latest"])
async def test_a_service_is_found_with_and_without_a_tag(ask: Ask, tag: str) -> None:
    assert (await ask("GET", f"/company-service{tag}/company"))[0] == 200


async def test_a_tag_may_be_demanded(server: FlowfactServer, ask: Ask) -> None:
    server.switches.version_prefix = "stable"
    assert (await ask("GET", "/company-service/stable/company"))[0] == 200
    assert (await ask("GET", "/company-service/latest/company"))[0] == 404
    assert (await ask("GET", "/company-service/company"))[0] == 404


async def test_an_unknown_path_is_a_404(ask: Ask) -> None:
    assert (await ask("GET", "/history-module-service/history"))[0] == 404


async def test_too_many_requests_are_told_when_to_come_back(
    server: FlowfactServer, raw: aiohttp.ClientSession, ask: Ask, now: list[float]
) -> None:
    server.switches.rate_limit, server.switches.rate_window = 2, 10.0
    assert (await ask("GET", "/company-service/company"))[0] == 200
    now[0] += 4
    assert (await ask("GET", "/company-service/company"))[0] == 200
    async with raw.get("/company-service/company") as answer:
        assert answer.status == 429
        assert answer.headers["Retry-After"] == "6"
    now[0] += 6
    assert (await ask("GET", "/company-service/company"))[0] == 200


async def test_a_limit_of_nothing_refuses_all(server: FlowfactServer, raw: aiohttp.ClientSession) -> None:
    server.switches.rate_limit = 0
    async with raw.get("/company-service/company") as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
