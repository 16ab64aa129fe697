"""An administrator connects a tenant whose fields nobody knows: look, let suggest, copy, check, probe, sync."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from calsync_sandbox.flowfact import RENAMED
from calsync_sandbox.sandbox import Account, Sandbox
from calsync_sandbox.seed import seed

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator
    from pathlib import Path

UNKNOWN = {"schema": "termine_neu", "fields": {"profile": "dto"}}


class Administrator:
    """Uses the command line."""

    def __init__(self, sandbox: Sandbox, configuration: Path) -> None:
        self.sandbox = sandbox
        self.configuration = configuration

    async def start(self, *arguments: str) -> Process:
        command = [sys.executable, "-m", "calsync", *arguments, "-c", str(self.configuration)]
        pipe = asyncio.subprocess.PIPE
        environment = {**os.environ, "LANG": "de_DE.UTF-8", "LC_ALL": "", "LC_MESSAGES": ""}
        return await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe, env=environment)

    async def run(self, *arguments: str) -> tuple[int, str, str]:
        process = await self.start(*arguments)
        output, errors = await process.communicate()
        assert process.returncode is not None
        return process.returncode, output.decode(), errors.decode()

    def configure(self, **flowfact: Any) -> None:
        """Change the connection in the configuration. Its secrets keep their tags."""
        lines = self.configuration.read_text("utf-8").replace("!secret ", "SECRET_")
        content = yaml.safe_load(lines)
        content["connections"]["flowfact"] |= flowfact
        text = yaml.safe_dump(content, allow_unicode=True)
        self.configuration.write_text(text.replace("SECRET_", "!secret "), "utf-8")


@pytest.fixture
async def administrator(tmp_path: Path) -> AsyncIterator[Administrator]:
    async with Sandbox(form=RENAMED) as sandbox:
        anna = sandbox.add_person("anna@example.de", first="Anna", last="Beispiel")
        seed(sandbox.flowfact, anna.user, anna.mailbox, datetime.now(UTC), RENAMED)
        configuration = sandbox.write_configuration(tmp_path, [Account(name="anna", person=anna)])
        yield Administrator(sandbox, configuration)


async def test_from_an_unknown_tenant_to_a_synced_one(administrator: Administrator) -> None:
    administrator.configure(**UNKNOWN)
    code, _, errors = await administrator.run("check")
    assert code == 2
    assert "fields.summary: the schema termine_neu has no field 'subject'" in errors

    code, shown, _ = await administrator.run("flowfact", "schema", "flowfact")
    assert code == 0
    assert "Titel" in shown

    code, suggested, errors = await administrator.run("flowfact", "suggest", "flowfact")
    assert (code, errors) == (0, "")
    assert "Bitte prüfen Sie jede Zeile" in suggested
    administrator.configure(**yaml.safe_load(suggested))
    assert (await administrator.run("check"))[0] == 0
    assert administrator.sandbox.writes() == 0

    code, told, errors = await administrator.run("flowfact", "probe", "flowfact")
    assert (code, errors) == (0, "")
    assert "In Ordnung  Die Suche nach Zeitraum findet, was hineinreicht" in told
    assert administrator.sandbox.writes() == 0
    before = dict(administrator.sandbox.flowfact.entities)
    code, told, errors = await administrator.run("flowfact", "probe", "flowfact", "--write-test", "--json")
    assert (code, errors) == (0, "")
    assert {one["question"] for one in json.loads(told)["answers"]} >= {"session", "lag", "clear", "removed"}
    assert administrator.sandbox.flowfact.entities == before
    assert "Erprobt am" in (await administrator.run("check"))[1]

    for _ in range(3):
        assert (await administrator.run("sync"))[0] == 0
    anna = next(iter(administrator.sandbox.graph.mailboxes.values()))
    assert any(event["subject"].startswith("Zweitbesichtigung") for event in anna.events.values())
    assert administrator.sandbox.mails.count == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupted_write_test_leaves_nothing_behind(
    administrator: Administrator, number: signal.Signals
) -> None:
    flowfact = administrator.sandbox.flowfact
    flowfact.switches.search_lag = 60.0  # it waits for the search
    before, searched = dict(flowfact.entities), asyncio.Event()

    def arrived(request: Any) -> None:
        if "/search-service/" in request.path and len(flowfact.entities) > len(before):
            searched.set()

    flowfact.arrived = arrived
    process = await administrator.start("flowfact", "probe", "flowfact", "--write-test")
    await searched.wait()
    process.send_signal(number)
    _, errors = await process.communicate()
    assert (process.returncode, b"Traceback" in errors) == (130, False)
    assert flowfact.entities == before


async def test_a_wrong_mapping_is_found_before_anything_is_written(administrator: Administrator) -> None:
    fields = RENAMED.configured()["fields"]
    for key, codec in (("start", "epoch_ms"), ("description", "text")):
        administrator.configure(fields={**fields, key: {**fields[key], "codec": codec}})
        code, _, errors = await administrator.run("check")
        assert (code, f"fields.{key}: " in errors) == (2, True), errors
        assert (await administrator.run("sync"))[0] == 2
    assert administrator.sandbox.writes() == 0


async def test_other_connections_are_none_of_flowfact(administrator: Administrator) -> None:
    code, _, errors = await administrator.run("flowfact", "schema", "m365")
    assert (code, "the connection 'm365' is none of FLOWFACT" in errors) == (2, True)
    code, _, errors = await administrator.run("flowfact", "probe", "nichts")
    assert (code, "there is no connection 'nichts'" in errors) == (2, True)
