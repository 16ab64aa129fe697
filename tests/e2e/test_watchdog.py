"""`calsync run` with a rule that hangs at one event: it ends, and started again it syncs all the others."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from typing import TYPE_CHECKING

import pytest

from calsync.watchdog import STATUS

if TYPE_CHECKING:
    from asyncio.subprocess import Process

    from tests.e2e.conftest import World

EVENTS = 12
RUN = """
import sys
import calsync.watchdog
from calsync.cli import main
calsync.watchdog.SECONDS = 1.0
sys.argv[1:] = ["run", "-c", sys.argv[1]]
main()
"""
RULE = """
import re
from calsync.hookspecs import hookimpl
from calsync.ports import RuleSpec
from calsync.sync.rules import Rule

class Endless(Rule):
    name = "endless"

    def admit(self, event):
        if "endlos" in event.summary:
            {hang}

@hookimpl
def calsync_rules():
    return [RuleSpec(name="endless", schema={{}}, build=lambda options: Endless())]
"""
MANIFEST = {
    "domain": "endless",
    "name": "Endless",
    "version": "1",
    "kind": "rules",
    "documentation": "",
    "capabilities": [],
    "requires_calsync": "0.1",
    "provides": {"providers": [], "rules": ["endless"], "commands": []},
}


async def start(world: World) -> Process:
    arguments = ["-c", RUN, str(world.configuration)]
    return await asyncio.create_subprocess_exec(sys.executable, *arguments, stderr=asyncio.subprocess.PIPE)


def write_plugin(world: World, hang: str, version: str = "1") -> None:
    folder = world.folder / "plugins" / "endless"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "__init__.py").write_text(RULE.format(hang=hang), "utf-8")
    (folder / "manifest.json").write_text(json.dumps({**MANIFEST, "version": version}), "utf-8")


@pytest.mark.parametrize("hang", ["while True: pass", 're.match("(a+)+$", "a" * 60 + "b")'], ids=["loop", "regex"])
async def test_a_rule_that_hangs(live: World, hang: str) -> None:
    write_plugin(live, hang)
    live.configure(rules=["series_skip", "attendee_stripping", "endless"])
    live.rewrite("connections:", f'plugin_dirs: ["{live.folder / "plugins"}"]\nconnections:')
    live.rewrite("poll_seconds: 2", "poll_seconds: 1")
    for number in range(EVENTS):
        live.event(f"Rückruf {number}", hours=number)
    endless = live.event("endlos", hours=30)

    process = await start(live)
    _, errors = await asyncio.wait_for(process.communicate(), 30)
    log = errors.decode()
    assert process.returncode == STATUS
    assert "account anna: the rule endless does not answer" in log
    assert hashlib.sha256(endless["id"].encode()).hexdigest()[:12] in log
    assert endless["id"] not in log
    assert len(live.sandbox.flowfact.entities) == 0

    process = await start(live)
    await live.until(lambda: len(live.sandbox.flowfact.entities) == EVENTS)
    late = live.event("später", hours=40)
    await live.until(lambda: len(live.sandbox.flowfact.entities) == EVENTS + 1)
    assert process.returncode is None
    process.terminate()
    _, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0
    assert "rule_hangs:endless: 1" in errors.decode()
    assert late["id"] in live.anna.mailbox.events

    planned = json.loads((await live.command("plan", "--json")).output)["accounts"]["anna"]["operations"]
    assert [(one["operation"], one["reason"]) for one in planned] == [("hold", "rule_hangs:endless")]

    write_plugin(live, "return None", version="2")
    assert (await live.command("sync")).code == 0
    assert len(live.sandbox.flowfact.entities) == EVENTS + 1  # a change of the rules alone never writes
    assert (await live.command("decide", "anna", "--all-rules", "release")).code == 0
    assert (await live.command("sync")).code == 0
    assert len(live.sandbox.flowfact.entities) == EVENTS + 2
    live.expect_no_mail()
