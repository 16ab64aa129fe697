"""From an empty folder to the first synced event by a program: nothing is set up on a page."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.e2e.first_start.conftest import GOOD, over

if TYPE_CHECKING:
    from tests.e2e.first_start.conftest import FirstStart


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


async def token_of(start: FirstStart, client: aiohttp.ClientSession) -> str:
    """Invite an administrator, who makes a token; return it."""
    admin, link = await start.invitation(client)
    await admin.get(link)
    await admin.send(link, {"password": GOOD, "again": GOOD})
    await admin.get("/profile")
    made = re.search(r"calsync_[\w-]+", await admin.send("/profile/tokens", {"name": "setup"}))
    assert made, admin.text
    return made[0]


async def set_up(program: Program, start: FirstStart) -> None:
    """Connect both systems and add an account, each step behind a look at what would come of it."""
    sandbox = start.sandbox
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
    mail = {"name": "mail", "provider": sandbox.exchange, "fields": start.mail}
    await program.ask("POST", "/connections", mail)
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
    assert start.world.flowfact_writes() == []
    await program.ask("POST", "/accounts", account)


async def test_a_program_sets_calsync_up(start: FirstStart) -> None:
    process = await start.command("run")
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
            program = Program(start.url, client, await token_of(start, client))
            await set_up(program, start)
            async with asyncio.timeout(60):
                while True:
                    accounts = (await program.ask("GET", "/accounts", status=200))["accounts"]
                    if [one["linked"] for one in accounts] == [3]:
                        break
                    await asyncio.sleep(0.1)
            exported = (await program.ask("GET", "/export", status=200))["yaml"]
            said = [one["what"] for one in (await program.ask("GET", "/audit", status=200))["changes"]]
    finally:
        found = await over(process)
    start.expect_done(found)
    assert "mailbox: anna@example.de" in exported
    assert {"connection_added", "connection_changed", "account_added"} <= set(said)
    assert [secret for secret in start.secrets if secret in exported] == []
    start.expect_no_secret()
