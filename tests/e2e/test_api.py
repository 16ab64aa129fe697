"""The JSON API of `calsync run`, asked by a fuzzer that reads its OpenAPI document."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING

import aiohttp
import pytest

from calsync.app import App
from calsync.desk import Access, Audit, Passwords, People, Setup
from calsync.loading import load
from calsync.people import Role
from calsync.store import SqliteStore
from calsync.web.api import door
from tests.e2e.conftest import Ended, World, ended
from tests.free_port import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SEED = "7"
NAMES = """
[[operations]]
include-operation-id = ["get_connection", "change_connection", "answer_questions"]
[operations.parameters]
"path.connection" = "kept"

[[operations]]
include-operation-id = ["get_account_setup", "change_account"]
[operations.parameters]
"path.account" = "bert"

[[operations]]
include-path-regex = "^/accounts/"
[operations.parameters]
"path.account" = "anna"

[[operations]]
include-path-regex = "^/connections/"
[operations.parameters]
"path.connection" = "flowfact"
"""
EXAMPLES = "40"
"""Of each request: what a minute is enough for."""


@pytest.fixture
async def address(live: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """Serve anna's account in this process, for a program that asks more often than it may."""
    monkeypatch.setattr(door, "PER_MINUTE", 10**9)
    monkeypatch.setattr(door, "STRANGERS", 10**9)
    port = free_port()
    text = live.configuration.read_text("utf-8")
    service = f"service:\n  listen: 127.0.0.1:{port}\n  key: {live.sandbox.key}\n"
    text = text.replace("service:\n", service) + "web: {}\n"
    live.configuration.write_text(text, "utf-8")
    await set_up(live)
    live.appointment("Besichtigung")
    live.event("Notartermin", hours=3)
    stop = asyncio.Event()
    async with App.open(live.configuration) as app:
        running = asyncio.ensure_future(app.run(stop, asyncio.Event()))
        try:
            await live.until(lambda: len(live.anna.mailbox.events) > 1 or running.done())
            yield f"http://127.0.0.1:{port}"
        finally:
            stop.set()
            await running


async def set_up(world: World) -> None:
    """Add what an administrator would on the pages: a connection, and Bert's account."""
    bert = world.sandbox.add_person("bert@example.de", first="Bert", last="Beispiel")
    settings = load(world.configuration)[0].connections["flowfact"].settings
    setup = Setup(world.configuration, world.clock)
    fields = {field.key: settings.get(field.key) for field in (await setup.provider("flowfact")).form}
    await setup.add_connection(
        "kept", "flowfact", {key: one for key, one in fields.items() if isinstance(one, str)}
    )
    right = load(world.configuration)[0].accounts["anna"].right.connection
    entry = {
        "left": {"connection": "flowfact", "user": bert.address},
        "right": {"connection": right, "mailbox": bert.address},
        "timezone": "Europe/Berlin",
    }
    await setup.add_account("bert", entry)


async def token(world: World, name: str, role: Role) -> str:
    """Return a token of somebody new."""
    store = await SqliteStore.open(world.folder / "calsync.db")
    with contextlib.closing(Passwords((2, 8, 1))) as passwords:
        try:
            audit = Audit(store.settings, world.clock)
            people = People(store.people, world.clock, lambda: {"anna"}, audit)
            access = Access(store.people, passwords, world.clock, audit)
            invitation = await people.invite(name, role, ["anna"])
            person = await access.accept_with_password(invitation.secret, "vier grüne Schafe")
            return await access.make_api_token(person, "fuzzer")
        finally:
            await store.close()


async def changed(world: World, name: str) -> set[str]:
    """Return what somebody has changed of anna's account."""
    store = await SqliteStore.open(world.folder / "calsync.db")
    try:
        return {one.what for one in await store.settings.audit(1000, "anna") if one.who == name}
    finally:
        await store.close()


async def fuzzed(world: World, address: str, role: Role) -> Ended:
    """Let the fuzzer ask for everything but the end of its own token."""
    shown = await token(world, f"Fuzzer {role}", role)
    options = [
        *("--header", f"Authorization: Bearer {shown}"),
        *("--seed", SEED),
        *("--generation-database", "none"),
        *("--max-examples", EXAMPLES),
        *("--exclude-operation-id", "revoke_token"),
        *("--request-timeout", "20"),
        "--no-color",
    ]
    command = ["-m", "schemathesis.cli", "run", f"{address}/api/v1/openapi.json", *options]
    (world.folder / "schemathesis.toml").write_text(NAMES, "utf-8")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=world.folder, stdout=pipe, stderr=pipe
    )
    return await ended(process)


@pytest.mark.parametrize("role", Role)
async def test_whatever_is_asked_is_answered_as_the_document_says(live: World, address: str, role: Role) -> None:
    found = await fuzzed(live, address, role)
    assert found.code == 0, found.output
    assert "direction" in await changed(live, f"Fuzzer {role}"), "the fuzzer has not met the account"
    live.expect_no_mail()


async def test_a_program_sees_what_was_synced(live: World, address: str) -> None:
    headers = {"Authorization": f"Bearer {await token(live, 'Anna', Role.USER)}"}
    async with aiohttp.ClientSession(f"{address}/api/v1/", headers=headers) as client:
        async with asyncio.timeout(30):
            while True:
                async with client.get("accounts/anna/activity") as answer:
                    told = [one["sentence"] for one in (await answer.json())["activities"]]
                if len(told) == 2:
                    break
                await asyncio.sleep(0.05)
    assert "\u201cBesichtigung\u201d was copied from FLOWFACT to Outlook." in told
