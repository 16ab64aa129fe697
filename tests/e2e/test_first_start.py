"""From an empty folder to the first synced event, by what an administrator does on the pages, over HTTP alone."""

from __future__ import annotations

import asyncio
import html
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
import pytest

from calsync.ports import SystemClock
from calsync_sandbox.sandbox import Sandbox
from tests.e2e.conftest import Ended, World, ended

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

GOOD = "vier grüne Schafe"
CONFIG = """
service:
  store: sqlite:///{folder}/calsync.db
  key: !secret service_key
  listen: 127.0.0.1:{port}
  poll_seconds: 2
connections: {{}}
rules:
  - series_skip
  - attendee_stripping
  - private_mask
  - reminder_once: {{minutes_before: 15}}
web: {{}}
"""


@dataclass
class Administrator:
    """Somebody in front of a browser that follows links and sends forms."""

    url: str
    client: aiohttp.ClientSession
    text: str = ""
    path: str = ""

    async def get(self, path: str) -> str:
        async with self.client.get(f"{self.url}{path}") as answer:
            return await self._shown(answer)

    async def send(self, path: str, fields: Mapping[str, str] | None = None) -> str:
        """Send a form of the page that is shown."""
        csrf = re.search(r'name="csrf" value="(\w+)"', self.text)
        assert csrf, self.text
        given, headers = {"csrf": csrf[1], **(fields or {})}, {"Origin": self.url}
        async with self.client.post(f"{self.url}{path}", data=given, headers=headers) as answer:
            return await self._shown(answer)

    async def until(self, text: str, path: str) -> str:
        """Look at a page until it says something, as its live part does."""
        async with asyncio.timeout(40):
            while text not in await self.get(path):  # noqa: ASYNC110 - another process works on it
                await asyncio.sleep(0.1)
        return self.text

    async def _shown(self, answer: aiohttp.ClientResponse) -> str:
        self.text, self.path = html.unescape(await answer.text()), str(answer.url.relative())
        assert answer.status < 500, self.text
        return self.text


@pytest.fixture(params=["graph", "exchange_ews"])
async def sandbox(request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    async with Sandbox(exchange=request.param) as sandbox:
        yield sandbox


async def command(folder: Path, *arguments: str) -> Process:
    pipe = asyncio.subprocess.PIPE
    options = ["-m", "calsync", *arguments, "-c", str(folder / "calsync.yaml")]
    return await asyncio.create_subprocess_exec(sys.executable, *options, stdout=pipe, stderr=pipe)


async def stopped(process: Process) -> Ended:
    if process.returncode is None:
        process.terminate()
    return await asyncio.wait_for(ended(process), 10)


async def first_steps(admin: Administrator, link: str, sandbox: Sandbox) -> None:
    """Do what the pages ask for, from the invitation to the last step."""
    await admin.get(link)
    assert "Erste Schritte" in await admin.send(link, {"password": GOOD, "again": GOOD})
    assert admin.path == "/start"
    assert "FLOWFACT verbinden" in admin.text

    wrong = {"provider": "flowfact", "api_token": "wrong", "base_url": sandbox.flowfact.url}
    await admin.send("/start/connect", wrong)
    await admin.until("FLOWFACT lässt calsync mit diesen Angaben nicht herein", "/start")
    assert "FLOWFACT verbinden" in await admin.get("/start?step=mail")  # nothing goes on before it works
    await admin.send("/start/connect", {**wrong, "api_token": sandbox.flowfact.api_token})
    await admin.until("Private Termine", "/start")
    await admin.send("/start/fields")
    await admin.until("Die Felder passen zu Ihren Terminen.", "/start?step=fields")
    assert "Microsoft 365 verbinden" in await admin.get("/start")
    if sandbox.exchange == "graph":
        mail = {
            "provider": "graph",
            "tenant_id": sandbox.tenant_id,
            "client_id": sandbox.client_id,
            "client_secret": sandbox.client_secret,
            "graph_url": sandbox.graph.url,
            "authority_url": sandbox.authority.url,
        }
    else:
        mail = {
            "provider": "exchange_ews",
            "url": sandbox.ews.ews_url,
            "impersonate": "true",
            "username": sandbox.service.login,
            "password": sandbox.service.password,
        }
    assert "Bitte füllen Sie dieses Feld aus." in await admin.send(
        "/start/connect", {"provider": mail["provider"]}
    )
    secret = "client_secret" if sandbox.exchange == "graph" else "password"
    await admin.send("/start/connect", {**mail, secret: "wrong"})
    await admin.until("Noch nicht", "/start")
    assert "Weiter" not in re.findall(r'class="button primary"[^>]*>.*?<span>(\w+)', admin.text)
    await admin.send("/start/connect", mail)
    await admin.until('href="/start?step=pick"', "/start?step=mail")

    await admin.until("anna@example.de", "/start?step=pick")
    assert "Diesen Benutzer gibt es in FLOWFACT nicht" in await admin.send("/start/pick", {"user": "x@example.de"})
    await admin.send("/start/pick", {"user": "anna@example.de", "mailbox": "nobody@example.de"})
    await admin.until("Prüfen Sie die Adresse des Postfachs", "/start?step=pick")
    await admin.send("/start/pick", {"user": "anna@example.de", "mailbox": ""})
    await admin.until("Kalender von anna@example.de", "/start?step=pick")
    await admin.send("/start/preview", {"calendar": "", "direction": "both"})
    await admin.until("Das würde geschehen", "/start?step=preview")
    await admin.until("Synchronisation einschalten", "/start?step=preview")


async def test_from_an_empty_folder_to_the_first_synced_event(sandbox: Sandbox, tmp_path: Path, port: int) -> None:
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
    jar = aiohttp.CookieJar(unsafe=True)
    try:
        async with aiohttp.ClientSession(cookie_jar=jar, headers={"Accept-Language": "de"}) as client:
            admin = Administrator(f"http://127.0.0.1:{port}", client)
            invited = await ended(await command(folder, "user", "invite", "Chef", "--admin"))
            assert invited.code == 0, invited.errors
            async with asyncio.timeout(30):
                while True:
                    try:
                        await admin.get("/sign-in")
                        break
                    except aiohttp.ClientError:
                        await asyncio.sleep(0.05)
            link = invited.output.split()[-1].removeprefix(admin.url)
            await first_steps(admin, link, sandbox)
            assert "„Besichtigung“ wird in Outlook angelegt." in admin.text
            assert "„Notartermin“ wird in FLOWFACT angelegt." in admin.text
            assert world.flowfact_writes() == []  # nothing but reading so far
            await admin.send("/start/enable")
            await admin.until("3 Termine stehen jetzt in beiden Kalendern", "/start?step=done")
            await admin.get("/")
            assert admin.path == "/"  # never again
    finally:
        found = await stopped(process)
    assert found.code == 0, found.errors
    assert "Traceback" not in found.errors
    assert sandbox.judge(anna, direction="both").converged
    subjects = sorted(str(one["subject"]) for one in anna.mailbox.events.values())
    assert subjects == ["Besichtigung", "Notartermin", "Privat"]  # the pages have found the field that says so
    assert sandbox.mails.sent == []
    exported = await ended(await command(folder, "export-config"))
    assert "mailbox: anna@example.de" in exported.output
    for secret in (sandbox.flowfact.api_token, sandbox.client_secret, sandbox.service.password):
        for file in folder.rglob("*"):
            assert not file.is_file() or secret.encode() not in file.read_bytes()
