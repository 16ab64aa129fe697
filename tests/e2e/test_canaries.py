"""The service at work, with everything going wrong: what people wrote, who they are and every secret stay untold.

Canaries stand in every text of both systems, servers repeat them in their answers, and a rule of somebody's own
quotes them wherever Python lets it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from calsync_sandbox.configuration import RULES
from calsync_sandbox.faults import Fault
from tests.e2e.conftest import stopped
from tests.e2e.test_isolation import ANSWER, CANARY, forbidden, plant
from tests.e2e.test_watchdog import MANIFEST
from tests.free_port import free_port

if TYPE_CHECKING:
    from tests.e2e.conftest import World

GOSSIP = """
import asyncio, logging, warnings
from calsync.hookspecs import hookimpl
from calsync.ports import RuleSpec
from calsync.sync.rules import Rule

class Talk:
    def __init__(self, text):
        self.text = text
    def __del__(self):
        raise ValueError(self.text)

class Endless(Rule):
    name = "endless"

    def admit(self, event):
        logging.getLogger("gossip").error("%s", event.summary)
        logging.getLogger("calsync").warning("%d", event.summary)
        warnings.warn(event.summary)
        lost = asyncio.get_running_loop().create_future()
        lost.set_exception(ValueError(event.summary))
        Talk(event.summary)
        if event.summary.endswith("2"):
            raise KeyError(event.summary)

@hookimpl
def calsync_rules():
    return [RuleSpec(name="endless", schema={}, build=lambda options: Endless())]
"""


def gossip(world: World) -> None:
    folder = world.folder / "plugins" / "endless"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(GOSSIP, "utf-8")
    (folder / "manifest.json").write_text(json.dumps(MANIFEST), "utf-8")
    world.configure(rules=[*RULES, "endless"])
    world.rewrite("connections:", f'plugin_dirs: ["{world.folder / "plugins"}"]\nconnections:')


def trouble(world: World) -> None:
    """Let writes and reads of each server fail in several ways.

    An answer to a write repeats what it was sent. A read sends nobody's text; what its answer quotes may be one.
    """
    quoted = json.dumps({"message": f'the value "{CANARY}" of gast-kanarie@kunde.example is bad'}).encode()
    writes: list[dict[str, Any]] = [{"status": 500, "body": ANSWER}, {"drop": True, "after_commit": True}]
    reads: list[dict[str, Any]] = [
        {"status": 400, "body": quoted},
        {"status": 429, "body": quoted, "headers": {"Retry-After": "1", "X-Note": CANARY}},
        {"status": 200, "body": CANARY.encode()},
    ]
    flowfact, graph = world.sandbox.flowfact.faults, world.sandbox.graph.faults
    for fault in writes:
        flowfact.add(Fault(method="POST", path="/entity-service/schemas/", times=1, **fault))
    graph.add(Fault(method="POST", path="/events", times=1, **writes[0]))
    for fault in reads:
        flowfact.add(Fault(path="/search-service/", times=1, **fault))
        graph.add(Fault(path="/delta", times=1, **fault))


@pytest.mark.parametrize("style", ["console", "json"])
async def test_the_log_and_the_figures_tell_nothing(live: World, style: str) -> None:
    port = free_port()
    gossip(live)
    live.rewrite("poll_seconds: 2", f'poll_seconds: 1\n  listen: "127.0.0.1:{port}"')
    live.rewrite("connections:", "web: {}\nconnections:")
    plant(live)
    process = await live.start("run", "--log", style)
    await live.until(lambda: live.sandbox.graph.sent("GET", "/delta"))
    live.event(f"{CANARY} 4", hours=6)
    live.event(f"{CANARY} 5", hours=8)
    live.appointment(f"{CANARY} 6", hours=10)
    trouble(live)
    await live.until(lambda: not (live.sandbox.graph.faults.waiting or live.sandbox.flowfact.faults.waiting))
    told = []
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
        for path in ("/metrics", "/readyz", "/healthz"):
            async with client.get(path, headers={"X-Note": CANARY}) as answer:
                told.append(f"{dict(answer.headers)} {await answer.text()}")
        async with client.get(f"/{CANARY}"):  # what is asked for is told to nobody else
            pass
    found = await stopped(process)
    assert (found.code, found.output) == (0, "")
    log = found.errors
    for ended in (await live.command("check"), await live.command("check", "--json")):
        told += [ended.output, ended.errors]
    assert "a library has something to say" in log
    assert "a bug, KeyError" in log or "rule_failed" in log
    assert not [word for word in forbidden(live) for text in [log, *told] if word in text]
    if style == "json":
        lines = [json.loads(line) for line in log.splitlines() if not line.startswith("calsync: ")]
        assert {"account", "side", "reason", "count"} <= {name for line in lines for name in line}
