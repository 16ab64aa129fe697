"""`calsync run` tells whether it can work, and its figures; both after what happens at the servers."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from calsync_sandbox.faults import Fault
from tests.e2e.conftest import stopped

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Callable

    from aiohttp import ClientSession as Client

    from tests.e2e.conftest import World

Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@asynccontextmanager
async def served(world: World, port: int) -> AsyncIterator[tuple[Process, Client]]:
    """Run the service with the section `web`; at the end it must stop in order."""
    world.rewrite("poll_seconds: 2", f'poll_seconds: 1\n  listen: "127.0.0.1:{port}"')
    world.rewrite("connections:", "web: {}\nconnections:")
    process = await world.start("run")
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
        yield process, client
    found = await stopped(process)
    assert found.code == 0, found.errors


async def answer(client: Client, path: str) -> tuple[int, str]:
    try:
        async with client.get(path) as found:
            return found.status, await found.text()
    except aiohttp.ClientConnectionError:
        return 0, ""


async def answered(client: Client, path: str, wanted: Callable[[int, str], bool]) -> str:
    """Ask until the answer is as wanted."""
    async with asyncio.timeout(60):
        while True:
            status, text = await answer(client, path)
            if wanted(status, text):
                return text
            await asyncio.sleep(0.05)


def figures(text: str) -> Figures:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def one(found: Figures, name: str, **labels: str) -> float:
    return found.get((name, tuple(sorted(labels.items()))), 0)


async def test_a_service_at_work_is_ready_and_counts(live: World, port: int) -> None:
    live.appointment("aus FLOWFACT")
    guest = {"emailAddress": {"name": "Gast", "address": "gast@kunde.example"}, "type": "required"}
    meeting = live.event("Besprechung", hours=2)
    async with served(live, port) as (_, client):
        await live.until(lambda: len(live.sandbox.flowfact.entities) == 2 and len(live.anna.mailbox.events) == 2)
        copy = live.in_flowfact("Besprechung")
        live.anna.mailbox.edit(meeting["id"], {"attendees": [guest]})
        live.patch(copy, subject="Besprechung, verschoben")
        text = await answered(client, "/metrics", lambda _, text: "calsync_mails_prevented_total 1.0" in text)
        assert await answer(client, "/healthz") == (200, "alive\n")
        assert await answer(client, "/readyz") == (200, "ready\n")
    found = figures(text)
    assert one(found, "calsync_events_total", direction="left_to_right", result="created") == 1
    assert one(found, "calsync_events_total", direction="right_to_left", result="created") == 1
    assert one(found, "calsync_runs_total", result="ok") >= 2
    assert one(found, "calsync_blocks", reason="has_attendees") == 1
    assert one(found, "calsync_requests_total", system="flowfact", status="200") > 0
    assert one(found, "calsync_requests_total", system="m365", status="201") == 1
    assert 0 <= one(found, "calsync_last_good_read_age_seconds", account="anna") < 60
    assert live.anna.address not in text


async def test_a_lost_sign_in_is_told_until_it_is_mended(live: World, port: int) -> None:
    async with served(live, port) as (_, client):
        await answered(client, "/readyz", lambda status, _: status == 200)
        refused = Fault(path="/entity-service/", times=None, status=401)
        session = Fault(path="/authenticate", times=None, status=401)
        live.sandbox.flowfact.faults.add(refused)
        live.sandbox.flowfact.faults.add(session)
        text = await answered(client, "/readyz", lambda status, _: status == 503)
        assert "flowfact" in text
        assert await answer(client, "/healthz") == (200, "alive\n")
        live.sandbox.flowfact.faults.clear()
        assert await answered(client, "/readyz", lambda status, _: status == 200) == "ready\n"
