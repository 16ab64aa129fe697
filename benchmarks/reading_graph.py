"""Reading a calendar through Graph: calsync, a bare loop with its requests, msgraph-sdk and O365.

Each reads in a fresh process that has imported what it needs and has signed in: neither is counted.
"""

from __future__ import annotations

import asyncio
import json
import random
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import voluptuous as vol

from benchmarks.bare_loop import send
from benchmarks.calendars import window
from benchmarks.cost import Cost, alone, measured, of_command
from benchmarks.environment import PYTHON, ROOT
from benchmarks.sandbox_process import ADDRESS
from calsync.http import HttpFactory
from calsync.ports import CalendarRequest, Host, SystemClock
from calsync_graph import PROVIDER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.sandbox_process import SandboxProcess
    from calsync_sandbox.sandbox import Person, Sandbox

OTHERS = {"msgraph-sdk": "graph_sdk", "O365": "graph_o365"}
ROUNDS = {"msgraph-sdk": 1}
"""Who takes part in the first rounds only: it takes a hundred times as long, and no bound depends on it."""
SPAN = "%Y-%m-%dT%H:%M:%SZ"


def read_graph(sandbox: SandboxProcess, events: int, number: int) -> dict[str, Cost]:
    """Let each contender of a round read the calendar once. Raises RuntimeError for one that misses events."""
    settings, token = sandbox.ask(_access)
    costs: dict[str, Cost] = {}
    found, costs["calsync"] = alone(_calsync, settings)
    _check("calsync", found, events)
    asked = sandbox.requests(since=costs["calsync"].began)
    requests = [request for request in asked if request.server == "graph"]
    costs["calsync"].requests = len(requests)
    costs["bare loop"] = alone(send, requests)
    costs["bare loop"].requests = len(requests)
    span = window()
    ends = [instant.strftime(SPAN) for instant in (span.start, span.end)]
    for name, module in OTHERS.items():
        if number >= ROUNDS.get(name, number + 1):
            continue
        url = settings["graph_url"] + ("/v1.0" if name == "msgraph-sdk" else "")
        command = [PYTHON, "-m", f"benchmarks.others.{module}", url, token, ADDRESS, *ends]
        told = json.loads(of_command(command, PYTHONPATH=ROOT)[0])
        _check(name, told.pop("events"), events)
        costs[name] = Cost(**told, requests=len(sandbox.requests(since=told["began"])))
    return costs


def _check(who: str, found: int, events: int) -> None:
    if found != events:
        raise RuntimeError(f"{who} has read {found} events of {events}")


def _access(sandbox: Sandbox, _anna: Person) -> tuple[Mapping[str, Any], str]:
    """Return the connection's settings, and an access token of the application."""
    settings = {
        "tenant_id": sandbox.tenant_id,
        "client_id": sandbox.client_id,
        "client_secret": sandbox.client_secret,
        "graph_url": sandbox.graph.url,
        "authority_url": sandbox.authority.url,
    }
    return settings, sandbox.authority.tokens.issue(sandbox.tenant_id, sandbox.client_id)


def _calsync(settings: Mapping[str, Any]) -> tuple[int, Cost]:
    return asyncio.run(_read(settings))


async def _read(settings: Mapping[str, Any]) -> tuple[int, Cost]:
    clock = SystemClock()
    options = vol.Schema(PROVIDER.connection_schema)(dict(settings))
    host = Host(connection="m365", clock=clock, random=random.Random(1), http=HttpFactory(clock))  # noqa: S311
    provider = PROVIDER.open(options, host)
    await provider.login()
    wanted = CalendarRequest(account="anna", settings={"mailbox": ADDRESS}, timezone=ZoneInfo("Europe/Berlin"))
    calendar = await provider.open(wanted)
    ids: set[str] = set()
    with measured() as cost:
        async for page in calendar.changes(None, window()):
            ids.update(seen.id for seen in page.observations)
    await provider.close()
    return len(ids), cost
