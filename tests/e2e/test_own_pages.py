"""Somebody without an account connects the own mailbox on the pages of `calsync run`, and steers it from there."""

from __future__ import annotations

import asyncio
import html
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
import pytest

from calsync.ports import SystemClock
from calsync_sandbox.sandbox import Person, Sandbox
from tests.e2e.conftest import World
from tests.e2e.test_pages import GOOD, Pages, served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

ACCOUNT = "/accounts/{}"


@dataclass
class Office:
    """A running service, and Bert, who has a user in FLOWFACT, a mailbox, and no account."""

    world: World
    pages: Pages
    bert: Person


@dataclass
class Visit:
    """Somebody's browser."""

    client: aiohttp.ClientSession
    url: str

    async def get(self, path: str) -> str:
        """Go where a page or what stands behind it leads; return its text."""
        async with self.client.get(path if path.startswith("http") else self.url + path) as answer:
            assert answer.status == 200, (path, answer.status)
            return html.unescape(await answer.text())

    async def post(self, path: str, at: str, **fields: str) -> str:
        csrf = re.search(r'name="csrf" value="(\w+)"', await self.get(at))
        assert csrf
        data, headers = {"csrf": csrf[1], **fields}, {"Origin": self.url}
        async with self.client.post(self.url + path, data=data, headers=headers) as answer:
            assert answer.status == 200, (path, answer.status, await answer.text())
            return html.unescape(await answer.text())


@asynccontextmanager
async def visit(url: str, link: str) -> AsyncIterator[Visit]:
    """Use an invitation in a browser of its own."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, headers={"Accept-Language": "de"}) as client:
        found = Visit(client, url)
        await found.post(link, link, password=GOOD, again=GOOD)
        yield found


@pytest.fixture
async def office(tmp_path: Path, port: int) -> AsyncIterator[Office]:
    async with Sandbox() as sandbox:
        anna, bert = (
            sandbox.add_person(f"{name.lower()}@example.de", first=name, last="Beispiel")
            for name in ("Anna", "Bert")
        )
        sandbox.authority.register(sandbox.tenant_id, sandbox.client_id, secret=sandbox.client_secret, public=True)
        sandbox.authority.codes.at_the_browser = sandbox.authority.people.add("bert@example.de")
        world = World(sandbox, SystemClock(), anna, tmp_path)
        world.rewrite("service:\n", f"service:\n  listen: 127.0.0.1:{port}\n  key: {sandbox.key}\n")
        text = world.configuration.read_text("utf-8")
        right = "m365" if "m365:" in text else "graph"
        section = f"web:\n  self_service: {{left: {{connection: flowfact}}, right: {{connection: {right}}}}}\n"
        world.configuration.write_text(text + section, "utf-8")
        async with served(world, port) as pages:
            yield Office(world, pages, bert)


async def until(visitor: Visit, holds: Callable[[str], bool], path: str = "/") -> str:
    """Look at a page until it says what the service brings about."""
    async with asyncio.timeout(30):
        while not holds(text := await visitor.get(path)):  # noqa: ASYNC110 - a service works beside
            await asyncio.sleep(0.1)
    return text


async def test_bert_connects_the_own_mailbox_and_sees_it_synced_switched_off_and_on(office: Office) -> None:
    url, world = office.pages.url, office.world
    when = {"dateTime": f"{world.at():%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}
    later = {"dateTime": f"{world.at(1):%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}
    office.bert.mailbox.create({"subject": "Notartermin", "start": when, "end": later})
    async with visit(url, await office.pages.invited("Chef")) as chef:
        page = await chef.post("/people", "/people", name="Bert", role="user")
        link = re.search(r'value="[^"]*(/invitation/[\w-]{43})"', page)
        person = re.search(r'action="(/people/\d+)/give"', page)
        assert link
        assert person
        listed = await chef.get(f"{person[1]}/member")
        member = re.search(r'name="member" value="([^"]+)"[^>]*>\s*<span><strong>bert@example.de', listed)
        assert member
        await chef.post(f"{person[1]}/member", f"{person[1]}/member", member=member[1])
    async with visit(url, link[1]) as bert:
        assert "Verbinden Sie Ihren Kalender" in await bert.get("/")
        page = await bert.get("/own/microsoft")
        calendar = re.search(r'name="calendar" value="([^"]+)"', page)
        assert calendar
        fields = {"calendar": calendar[1], "direction": "both", "timezone": "Europe/Berlin"}
        assert "Ihr Kalender ist verbunden." in await bert.post("/own/calendar", "/own/calendar", **fields)
        await until(bert, lambda text: "„Notartermin“ wurde aus Outlook nach FLOWFACT übernommen." in text)
        assert world.sandbox.judge(office.bert).converged
        page = await bert.get("/")
        account = re.search(r'action="(/accounts/[^/"]+)/switch"', page)
        assert account
        assert urlsplit(account[1]).path == ACCOUNT.format(member[1])
        await bert.post(f"{account[1]}/switch", "/", next="/")
        await until(bert, lambda text: "Ausgeschaltet" in text)
        office.bert.mailbox.create({"subject": "Besichtigung", "start": when, "end": later})
        await bert.post(f"{account[1]}/switch", "/", on="1", next="/")
        page = await until(bert, lambda text: "„Besichtigung“ wurde aus Outlook nach FLOWFACT übernommen." in text)
        assert page.count("„Notartermin“ wurde") == 1
        verdict = world.sandbox.judge(office.bert)
        assert (verdict.converged, verdict.paired) == (True, 2)
    world.expect_no_mail()
