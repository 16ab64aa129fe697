"""Health and figures: who lives is told to everybody, all else on this machine, or to whoever shows the token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

from calsync.web import health_routes, metrics_routes, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from aiohttp import ClientSession as Client

TOKEN = "ein-langes-token"
OUTSIDE = {"Host": "calsync.example.de"}


class State:
    """What is in the way of working."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    async def ask(self) -> Sequence[str]:
        return self.problems


@pytest.fixture
def state() -> State:
    return State()


@pytest.fixture
async def client(state: State, port: int) -> AsyncIterator[Client]:
    async def figures() -> bytes:
        return b"calsync_runs_total 1.0\n"

    routes = [*health_routes(state.ask, TOKEN), *metrics_routes(figures, TOKEN)]
    async with (
        serving(routes, "127.0.0.1", port),
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client,
    ):
        yield client


async def test_everybody_may_ask_whether_it_lives(client: Client, state: State) -> None:
    state.problems.append("connection m365: its secret has expired")
    for headers in ({}, OUTSIDE, {"X-Forwarded-For": "192.0.2.1"}):
        answer = await client.get("/healthz", headers=headers)
        assert (answer.status, await answer.text()) == (200, "alive\n")
        assert answer.headers["Cache-Control"] == "no-store"


async def test_ready_where_nothing_is_in_the_way(client: Client) -> None:
    answer = await client.get("/readyz")
    assert (answer.status, await answer.text()) == (200, "ready\n")


async def test_what_is_in_the_way_is_told_in_plain_sentences(client: Client, state: State) -> None:
    state.problems += ["the disk is full; free some space", "connection m365: <b>expired</b>"]
    answer = await client.get("/readyz")
    assert answer.status == 503
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert (await answer.text()).splitlines() == state.problems


async def test_figures_are_told_as_prometheus_reads_them(client: Client) -> None:
    answer = await client.get("/metrics")
    assert (answer.status, await answer.read()) == (200, b"calsync_runs_total 1.0\n")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
@pytest.mark.parametrize("host", ["localhost", "localhost:8765", "127.0.0.1:8765", "127.3.2.1", "[::1]:8765"])
async def test_on_this_machine_it_is_told(client: Client, path: str, host: str) -> None:
    assert (await client.get(path, headers={"Host": host})).status == 200


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
@pytest.mark.parametrize(
    "headers",
    [
        OUTSIDE,
        {"Host": "localhost.example.de"},
        {"Host": "127.0.0.1.example.de"},
        {"Host": "[::1"},
        {"Host": "[x]:y"},
        {"Host": ""},
        {"X-Forwarded-For": "192.0.2.1"},
        {"Forwarded": "for=192.0.2.1"},
        {"Via": "1.1 proxy"},
        {**OUTSIDE, "Authorization": "Bearer falsch"},
        {**OUTSIDE, "Authorization": f"Basic {TOKEN}"},
        {**OUTSIDE, "Authorization": "Bearer"},
        {**OUTSIDE, "Authorization": "Bearer ä"},
    ],
)
async def test_from_elsewhere_there_is_nothing(client: Client, path: str, headers: dict[str, str]) -> None:
    answer = await client.get(path, headers=headers)
    assert answer.status in {400, 404}
    assert "calsync" not in await answer.text()


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
async def test_the_token_opens_it_from_anywhere(client: Client, path: str, scheme: str) -> None:
    headers = {**OUTSIDE, "X-Forwarded-For": "192.0.2.1", "Authorization": f"{scheme} {TOKEN}"}
    assert (await client.get(path, headers=headers)).status == 200


async def test_without_a_configured_token_none_opens_it(state: State, port: int) -> None:
    async with (
        serving(health_routes(state.ask, None), "127.0.0.1", port),
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client,
    ):
        for value in ("Bearer ", "Bearer None", "Bearer"):
            assert (await client.get("/readyz", headers={**OUTSIDE, "Authorization": value})).status == 404
