"""A connection that works on behalf of a person: `calsync login`, and what follows when it has ended."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from typing import TYPE_CHECKING

import pytest

from calsync.ports import SystemClock
from calsync_sandbox.sandbox import Sandbox
from tests.e2e.conftest import SECONDS_TO_STOP, World, ended, stopped

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.e2e.conftest import Ended


@pytest.fixture
async def delegated(tmp_path: Path) -> AsyncIterator[World]:
    """The sandbox, which people get into themselves, for commands in processes of their own."""
    async with Sandbox(sign_in="delegated") as sandbox:
        anna = sandbox.add_person("anna@example.de", first="Anna", last="Beispiel")
        yield World(sandbox, SystemClock(), anna, tmp_path)


async def shown(process: Process) -> str:
    """Return the code that `calsync login` shows."""
    assert process.stdout is not None
    async for line in process.stdout:
        if found := re.fullmatch(rb"Please open https://\S+ in a browser and enter this code: (\w+)\n", line):
            return found[1].decode()
    pytest.fail("no code was shown")


async def login(world: World) -> Ended:
    process = await world.start("login", "m365")
    world.sandbox.authority.people.approve(await shown(process), world.anna.address)
    return await ended(process)


async def test_before_anybody_has_signed_in_check_says_what_to_do(delegated: World) -> None:
    found = await delegated.command("check", "--json")
    messages = [one["message"] for one in json.loads(found.output)["findings"] if one["severity"] == "error"]
    assert messages == ["nobody has signed in yet: calsync login m365 -c FILE"]
    assert found.code == 2


async def test_who_signed_in_is_told_and_syncs_from_then_on(delegated: World) -> None:
    signed_in = await login(delegated)
    assert (signed_in.code, signed_in.errors) == (0, "")
    assert signed_in.output.endswith("m365: signed in as anna@example.de\n")
    delegated.appointment()
    for command in ("check", "sync"):
        assert (await delegated.command(command)).code == 0
    delegated.expect_converged(1)
    delegated.expect_no_mail()


async def test_ctrl_c_ends_the_waiting(delegated: World) -> None:
    process = await delegated.start("login", "m365")
    await shown(process)
    process.send_signal(signal.SIGINT)
    found = await asyncio.wait_for(ended(process), SECONDS_TO_STOP)
    assert found.code == 130
    assert "Traceback" not in found.errors
    assert not (delegated.folder / "calsync.db.vault").exists()


@pytest.mark.parametrize(
    ("connection", "told"),
    [
        ("m356", "there is no connection 'm356'; connections are: flowfact, m365"),
        ("flowfact", "nobody has to sign in"),
    ],
)
async def test_where_nobody_can_sign_in(delegated: World, connection: str, told: str) -> None:
    found = await delegated.command("login", connection)
    assert (found.code, found.output) == (2, "")
    assert told in found.errors


@pytest.mark.parametrize("mode", [0o640, 0o604])
async def test_a_key_that_others_can_read_is_refused(delegated: World, mode: int) -> None:
    secrets = delegated.folder / "secrets.yaml"
    secrets.chmod(mode)
    found = await delegated.command("login", "m365")
    assert found.code == 2
    assert f"service.key: {secrets} can be read by others; run: chmod 600 {secrets}" in found.errors


async def test_without_a_key_nobody_can_sign_in(delegated: World) -> None:
    delegated.rewrite("  key: !secret service_key\n", "")
    found = await delegated.command("login", "m365")
    assert (found.code, found.output) == (2, "")
    assert "connection m365: a person's sign-in is kept encrypted: give `service.key`" in found.errors


async def test_no_secret_is_found_in_any_file_or_output(delegated: World) -> None:
    """S1 and S2 of the security requirements; the secrets' own file aside."""
    outputs = [await login(delegated)]
    delegated.appointment()
    process = await delegated.start("run")
    await delegated.until(lambda: delegated.anna.mailbox.events)
    delegated.sandbox.authority.tokens.revoke()
    renewals = len(delegated.sandbox.authority.sent("POST", "/token"))
    await delegated.until(lambda: len(delegated.sandbox.authority.sent("POST", "/token")) > renewals)
    wal = delegated.folder / "calsync.db-wal"
    contents = [wal.read_bytes()] if wal.exists() else []
    process.terminate()
    outputs += [await ended(process), await delegated.command("backup")]
    files = [path for path in delegated.folder.rglob("*") if path.is_file() and path.name != "secrets.yaml"]
    contents += [path.read_bytes() for path in files]
    contents += [text.encode() for one in outputs for text in (one.output, one.errors)]
    assert {"m365.tokens", "calsync.db"} <= {path.name for path in files}
    secrets = delegated.sandbox.authority.secrets()
    assert len(secrets) > 3
    for canary in (*secrets, delegated.sandbox.key, delegated.sandbox.flowfact.api_token):
        assert [content[:20] for content in contents if canary.encode() in content] == []


async def test_a_service_that_loses_its_consent_stops_the_account_until_somebody_signs_in(
    delegated: World,
) -> None:
    await login(delegated)
    delegated.rewrite("poll_seconds: 2", "poll_seconds: 1")
    people, authority = delegated.sandbox.authority.people, delegated.sandbox.authority
    delegated.appointment("vorher")
    process = await delegated.start("run")
    await delegated.until(lambda: delegated.anna.mailbox.events)
    people.consented = False
    authority.tokens.revoke()
    before = len(authority.sent("POST", "/token"))
    flowfact = delegated.sandbox.flowfact
    await delegated.until(lambda: len(authority.sent("POST", "/token")) > before)
    flowfact.clear()
    await delegated.until(lambda: len(flowfact.requests) >= 2)  # it has tried again
    assert len(authority.sent("POST", "/token")) == before + 1
    people.consented = True
    await login(delegated)
    delegated.appointment("nachher", hours=2)
    await delegated.until(lambda: len(delegated.anna.mailbox.events) == 2)
    found = await stopped(process)
    (warning,) = found.warnings
    assert "account anna failed" in warning
    assert "then sign in again: calsync login m365 -c FILE" in warning
    assert "account anna works again" in found.errors
