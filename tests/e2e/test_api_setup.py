"""From an empty folder to the first synced event by a program: nothing is set up on a page."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

from calsync.ports import SystemClock
from tests.e2e.conftest import World, ended
from tests.e2e.test_first_start import CONFIG, GOOD, Administrator, command, sandbox, stopped

if TYPE_CHECKING:
    from pathlib import Path

    from calsync_sandbox.sandbox import Sandbox

__all__ = ["sandbox"]  # pytest finds the fixture


@dataclass
class Program:
    """Asks with an administrator's token."""

    url: str
    client: aiohttp.ClientSession
    token: str

    async def ask(self, method: str, path: str, body: Any = None, *, status: int = 204) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.client.request(method, f"{self.url}/api/v1{path}", json=body, headers=headers) as answer:
            assert answer.status == status, await answer.text()
            return None if status == 204 else await answer.json(content_type=None)


async def let_in(folder: Path, url: str, client: aiohttp.ClientSession) -> str:
    """Invite an administrator, who makes a token; return it."""
    admin = Administrator(url, client)
    invited = await ended(await command(folder, "user", "invite", "Chef", "--admin"))
    assert invited.code == 0, invited.errors
    async with asyncio.timeout(30):
        while True:
            try:
                await admin.get("/sign-in")
                break
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)
    link = invited.output.split()[-1].removeprefix(url)
    await admin.get(link)
    await admin.send(link, {"password": GOOD, "again": GOOD})
    await admin.get("/profile")
    made = re.search(r"calsync_[\w-]+", await admin.send("/profile/tokens", {"name": "setup"}))
    assert made, admin.text
    return made[0]


def mail_of(sandbox: Sandbox) -> dict[str, Any]:
    """Return the connection to the sandbox's Exchange, as its form is filled in."""
    if sandbox.exchange == "graph":
        fields = {
            "tenant_id": sandbox.tenant_id,
            "client_id": sandbox.client_id,
            "client_secret": sandbox.client_secret,
            "graph_url": sandbox.graph.url,
            "authority_url": sandbox.authority.url,
        }
    else:
        fields = {
            "url": sandbox.ews.ews_url,
            "impersonate": "true",
            "username": sandbox.service.login,
            "password": sandbox.service.password,
        }
    return {"name": "mail", "provider": sandbox.exchange, "fields": fields}


async def set_up(program: Program, sandbox: Sandbox, world: World) -> None:
    """Connect both systems and add an account, each step behind a look at what would come of it."""
    crm = {
        "name": "crm",
        "provider": "flowfact",
        "fields": {"api_token": "wrong", "base_url": sandbox.flowfact.url},
    }
    refused = await program.ask("POST", "/trials", crm, status=200)
    assert "error" in {one["severity"] for one in refused["findings"]}
    crm["fields"] = {"api_token": sandbox.flowfact.api_token, "base_url": sandbox.flowfact.url}
    await program.ask("POST", "/connections", crm)
    questions = (await program.ask("GET", "/connections/crm/questions", status=200))["questions"]
    answers = {one["key"]: one["chosen"] for one in questions}
    await program.ask("PUT", "/connections/crm/answers", {"answers": answers})
    await program.ask("POST", "/connections", mail_of(sandbox))
    for name in ("crm", "mail"):
        findings = (await program.ask("POST", f"/connections/{name}/check", status=200))["findings"]
        assert "error" not in {one["severity"] for one in findings}, findings

    people = (await program.ask("GET", "/connections/crm/people", status=200))["members"]
    (user,) = [one["addresses"][0] for one in people if "anna@example.de" in one["addresses"]]
    asked = {"mailbox": "nobody@example.de"}
    assert "mailbox" in (await program.ask("POST", "/connections/mail/calendars", asked, status=409))["detail"]
    found = await program.ask("POST", "/connections/mail/calendars", {"mailbox": user}, status=200)
    assert [one["main"] for one in found["calendars"]] == [True]

    account = {
        "name": "anna",
        "left": {"connection": "crm", "fields": {"user": user}},
        "right": {"connection": "mail", "fields": {"mailbox": user}},
        "timezone": "Europe/Berlin",
    }
    plan = await program.ask("POST", "/previews", account, status=200)
    assert {(one["kind"], one["side"]): one["events"] for one in plan["counts"]} == {
        ("create", "left"): 1,
        ("create", "right"): 2,
    }
    assert "Zahnarzt" not in {one["summary"] for one in plan["writes"]}  # it is private, and the asker not Anna
    assert world.flowfact_writes() == []
    await program.ask("POST", "/accounts", account)


async def test_a_program_sets_calsync_up(sandbox: Sandbox, tmp_path: Path, port: int) -> None:
    anna = sandbox.add_person("anna@example.de", first="Anna", last="Beispiel")
    world = World(sandbox, SystemClock(), anna, tmp_path / "unused")
    world.appointment("Besichtigung")
    world.event("Notartermin", hours=3)
    world.appointment("Zahnarzt", hours=6, private=True)
    world.clear()
    folder = tmp_path / "calsync"
    folder.mkdir()
    (folder / "calsync.yaml").write_text(CONFIG.format(folder=folder, port=port), "utf-8")
    (folder / "secrets.yaml").write_text(f"service_key: {sandbox.key}\n", "utf-8")
    (folder / "secrets.yaml").chmod(0o600)
    process = await command(folder, "run")
    jar, url = aiohttp.CookieJar(unsafe=True), f"http://127.0.0.1:{port}"
    try:
        async with aiohttp.ClientSession(cookie_jar=jar) as client:
            program = Program(url, client, await let_in(folder, url, client))
            await set_up(program, sandbox, world)
            async with asyncio.timeout(60):
                while True:
                    accounts = (await program.ask("GET", "/accounts", status=200))["accounts"]
                    if [one["linked"] for one in accounts] == [3]:
                        break
                    await asyncio.sleep(0.1)
            exported = (await program.ask("GET", "/export", status=200))["yaml"]
            said = [one["what"] for one in (await program.ask("GET", "/audit", status=200))["changes"]]
    finally:
        found = await stopped(process)
    assert found.code == 0, found.errors
    assert "Traceback" not in found.errors
    assert sandbox.judge(anna, direction="both").converged
    assert sandbox.mails.sent == []
    assert "mailbox: anna@example.de" in exported
    assert {"connection_added", "connection_changed", "account_added"} <= set(said)
    for secret in (sandbox.flowfact.api_token, sandbox.client_secret, sandbox.service.password):
        assert secret not in exported
        for file in folder.rglob("*"):
            assert not file.is_file() or secret.encode() not in file.read_bytes()
