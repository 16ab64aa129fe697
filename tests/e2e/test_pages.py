"""The pages of `calsync run`: who was invited gets in, also with a Microsoft account of the own tenant."""

from __future__ import annotations

import asyncio
import html
import re
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web

from calsync.ports import SystemClock
from calsync_sandbox.sandbox import Sandbox
from tests.e2e.conftest import World, ended, stopped

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

GOOD = "vier grüne Schafe"
BACK = "/sign-in/microsoft/back"


@dataclass
class Pages:
    """A running calsync with pages, and a browser that looks at them."""

    world: World
    url: str
    client: aiohttp.ClientSession
    visited: list[str] = field(default_factory=list)

    async def get(self, path: str) -> tuple[int, str, str]:
        """Return status, text and where the answer leads."""
        url = path if path.startswith("http") else f"{self.url}{path}"
        self.visited.append(url)
        async with self.client.get(url, allow_redirects=False) as answer:
            return answer.status, html.unescape(await answer.text()), answer.headers.get("Location", "")

    async def follow(self, path: str) -> tuple[int, str]:
        """Go where a browser would be sent; return the last status and text."""
        status, text, there = await self.get(path)
        for _ in range(5):
            if status not in {302, 303}:
                break
            status, text, there = await self.get(there)
        return status, text

    async def invited(self, name: str) -> str:
        """Invite somebody on the command line; return the link's path."""
        arguments = ["-m", "calsync", "user", "invite", name, "--admin", "-c", str(self.world.configuration)]
        pipe = asyncio.subprocess.PIPE
        found = await ended(
            await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=pipe, stderr=pipe)
        )
        assert found.code == 0, found.errors
        return urlsplit(found.output.splitlines()[-1]).path

    @property
    def back(self) -> str:
        """The last address at which a browser came back from Microsoft."""
        return next(url for url in reversed(self.visited) if BACK in url)


@pytest.fixture
async def pages(tmp_path: Path, port: int) -> AsyncIterator[Pages]:
    async with Sandbox() as sandbox:
        anna = sandbox.add_person("anna@example.de", first="Anna", last="Beispiel")
        world = World(sandbox, SystemClock(), anna, tmp_path)
        sandbox.authority.codes.at_the_browser = sandbox.authority.people.add("anna@example.de")
        text = world.configuration.read_text("utf-8").replace(
            "service:\n", f"service:\n  listen: 127.0.0.1:{port}\n"
        )
        section = (
            f"web:\n  sign_in:\n    tenant_id: {sandbox.tenant_id}\n    client_id: {sandbox.client_id}\n"
            f"    client_secret: {sandbox.client_secret}\n    authority_url: {sandbox.authority.url}\n"
        )
        world.configuration.write_text(text + section, "utf-8")
        async with served(world, port) as pages:
            yield pages


@asynccontextmanager
async def served(world: World, port: int) -> AsyncIterator[Pages]:
    process = await world.start("run")
    url = f"http://127.0.0.1:{port}"
    jar = aiohttp.CookieJar(unsafe=True)
    try:
        async with aiohttp.ClientSession(cookie_jar=jar, headers={"Accept-Language": "de"}) as client:
            async with asyncio.timeout(30):
                while not await answers(client, url):  # noqa: ASYNC110 - another process begins to listen
                    await asyncio.sleep(0.05)
            yield Pages(world, url, client)
    finally:
        found = await stopped(process)
    assert found.code == 0
    assert "pages are shown at 127.0.0.1" in found.errors
    assert "Traceback" not in found.errors
    for secret in (world.sandbox.client_secret, *world.sandbox.authority.secrets()):
        assert secret not in found.errors
        for file in world.folder.rglob("*"):
            if file.is_file() and file.name not in {"secrets.yaml", "calsync.yaml"}:
                assert secret.encode() not in file.read_bytes()


async def answers(client: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with client.get(f"{url}/sign-in") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def test_the_first_administrator_gets_in_by_a_link(pages: Pages) -> None:
    link = await pages.invited("Chef")
    status, text, _ = await pages.get(link)
    assert (status, "Willkommen, Chef" in text) == (200, True)
    csrf = re.search(r'name="csrf" value="(\w+)"', text)
    assert csrf
    fields = {"csrf": csrf[1], "password": GOOD, "again": GOOD}
    async with pages.client.post(pages.url + link, data=fields, headers={"Origin": pages.url}) as answer:
        assert (answer.status, answer.url.path) == (200, "/")
    status, text, _ = await pages.get("/people")
    assert (status, "Chef" in text) == (200, True)


async def test_a_microsoft_account_uses_an_invitation_and_signs_in_from_then_on(pages: Pages) -> None:
    link = await pages.invited("Anna")
    assert "Mit Microsoft anmelden" in (await pages.get(link))[1]
    status, text = await pages.follow(f"{link}/microsoft")
    assert (status, "Guten Tag, Anna" in text) == (200, True)
    pages.client.cookie_jar.clear()
    status, text = await pages.follow("/sign-in/microsoft?next=%2Fpeople")
    assert (status, pages.visited[-1]) == (200, f"{pages.url}/people")
    (authorize, *_) = [url for url in reversed(pages.visited) if "/authorize" in url]
    query = parse_qs(urlsplit(authorize).query)
    assert query["code_challenge_method"] == ["S256"]
    assert {"state", "nonce", "code_challenge"} <= query.keys()
    assert "offline_access" not in query["scope"][0]


async def test_who_was_not_invited_does_not_get_in(pages: Pages) -> None:
    await pages.invited("Anna")
    status, text = await pages.follow("/sign-in/microsoft")
    assert (status, "noch nicht eingeladen" in text) == (403, True)
    assert (await pages.get("/"))[0] == 303


@pytest.mark.parametrize(
    "claims",
    [
        {"tid": "99999999-0000-0000-0000-000000000000"},
        {"iss": "https://login.microsoftonline.com/99999999-0000-0000-0000-000000000000/v2.0"},
        {"aud": "another application"},
        {"nonce": "another"},
        {"exp": 1},
        {"oid": ""},
    ],
)
async def test_a_token_that_is_not_for_us_lets_nobody_in(pages: Pages, claims: dict[str, object]) -> None:
    link = await pages.invited("Anna")
    pages.world.sandbox.authority.codes.claims = claims
    status, text = await pages.follow(f"{link}/microsoft")
    assert (status, "Die Anmeldung mit Microsoft hat nicht geklappt." in text) == (403, True)
    assert (await pages.get("/"))[0] == 303
    assert (await pages.get(link))[0] == 200  # the invitation is still good


async def test_what_microsoft_sent_is_good_once_and_in_this_browser_only(pages: Pages) -> None:
    link = await pages.invited("Anna")
    await pages.follow(f"{link}/microsoft")
    pages.client.cookie_jar.clear()
    assert (await pages.follow(pages.back))[0] == 403  # replayed
    status, _, there = await pages.get("/sign-in/microsoft")
    status, _, back = await pages.get(there)
    cookies = [f"{one.key}={one.value}" for one in pages.client.cookie_jar]
    pages.client.cookie_jar.clear()
    assert (await pages.get(back))[0] == 403  # another browser
    assert (await pages.get("/"))[0] == 303
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
        headers = {"Cookie": "; ".join(cookies)}
        other = back.replace("state=", "state=x")
        for address, status in ((other, 403), (back, 303), (back, 403)):
            async with client.get(address, headers=headers, allow_redirects=False) as answer:
                assert answer.status == status, address


async def test_who_does_not_agree_at_microsoft_can_try_again(pages: Pages) -> None:
    pages.world.sandbox.authority.codes.at_the_browser = None
    status, text = await pages.follow("/sign-in/microsoft")
    assert (status, "hat nicht geklappt" in text) == (403, True)


async def test_a_sign_in_server_that_is_away_is_told(pages: Pages) -> None:
    def away(_: web.Request) -> None:
        raise web.HTTPServiceUnavailable

    pages.world.sandbox.authority.arrived = away
    status, text, _ = await pages.get("/sign-in/microsoft")
    assert (status, "Microsoft antwortet gerade nicht." in text) == (503, True)
