"""An empty folder, two systems with appointments in them, and the first administrator."""

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
from tests.e2e.conftest import Ended, World, ended, stopped

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

    async def until_served(self) -> None:
        """Wait until calsync answers."""
        async with asyncio.timeout(30):
            while True:
                try:
                    await self.get("/sign-in")
                    break
                except aiohttp.ClientError:
                    await asyncio.sleep(0.05)

    async def _shown(self, answer: aiohttp.ClientResponse) -> str:
        self.text, self.path = html.unescape(await answer.text()), str(answer.url.relative())
        assert answer.status < 500, self.text
        return self.text


@dataclass
class FirstStart:
    """A folder in which nothing is set up but the service itself, and the systems that are to be connected."""

    sandbox: Sandbox
    world: World
    """Anna's two calendars; its own configuration is not used."""
    folder: Path
    url: str

    @property
    def mail(self) -> dict[str, str]:
        """What a form asks of the sandbox's Exchange."""
        if self.sandbox.exchange == "graph":
            return {
                "tenant_id": self.sandbox.tenant_id,
                "client_id": self.sandbox.client_id,
                "client_secret": self.sandbox.client_secret,
                "graph_url": self.sandbox.graph.url,
                "authority_url": self.sandbox.authority.url,
            }
        return {
            "url": self.sandbox.ews.ews_url,
            "impersonate": "true",
            "username": self.sandbox.service.login,
            "password": self.sandbox.service.password,
        }

    @property
    def secrets(self) -> tuple[str, ...]:
        """What is typed in, and nobody may read any more."""
        return self.sandbox.flowfact.api_token, self.sandbox.client_secret, self.sandbox.service.password

    async def command(self, *arguments: str) -> Process:
        """Start a command of calsync on the folder."""
        pipe = asyncio.subprocess.PIPE
        options = ["-m", "calsync", *arguments, "-c", str(self.folder / "calsync.yaml")]
        return await asyncio.create_subprocess_exec(sys.executable, *options, stdout=pipe, stderr=pipe)

    async def invitation(self, client: aiohttp.ClientSession) -> tuple[Administrator, str]:
        """Invite an administrator while calsync starts; return who that is, and the link's path."""
        admin = Administrator(self.url, client)
        invited = await ended(await self.command("user", "invite", "Chef", "--admin"))
        assert invited.code == 0, invited.errors
        await admin.until_served()
        return admin, invited.output.split()[-1].removeprefix(self.url)

    def expect_done(self, run: Ended) -> None:
        """The service ended in order, both calendars are the same, and nobody was mailed."""
        assert run.code == 0, run.errors
        assert "Traceback" not in run.errors
        self.world.expect_converged(3)
        assert self.sandbox.mails.sent == []

    def expect_no_secret(self) -> None:
        """Nothing that was typed in can be read in the folder."""
        for secret in self.secrets:
            for file in self.folder.rglob("*"):
                assert not file.is_file() or secret.encode() not in file.read_bytes()


async def over(process: Process) -> Ended:
    """Stop the service, or tell how it has ended by itself."""
    return await (stopped(process) if process.returncode is None else ended(process))


@pytest.fixture(params=["graph", "exchange_ews"])
async def start(request: pytest.FixtureRequest, tmp_path: Path, port: int) -> AsyncIterator[FirstStart]:
    """Anna has appointments in both systems, and calsync a folder with its key."""
    async with Sandbox(exchange=request.param) as sandbox:
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
        yield FirstStart(sandbox, world, folder, f"http://127.0.0.1:{port}")
