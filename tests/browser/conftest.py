"""Fixtures of the tests in a browser: the sandbox, a running calsync with pages, and people who look at them."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import pytest
from playwright.async_api import expect

from calsync.ports import SystemClock
from calsync_sandbox.demo.colleagues import open_office
from calsync_sandbox.demo.commandline import CommandLine
from calsync_sandbox.demo.console import Console
from calsync_sandbox.demo.show import fill
from calsync_sandbox.demo.stage import Stage
from calsync_sandbox.sandbox import Sandbox
from tests.browser.chromium import AXE, CHROMIUM, PHONE, WIDE, Watch, barriers, chromium
from tests.e2e.conftest import World, ended
from tests.free_port import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser, BrowserContext, Locator, Page

GOOD = "vier grüne Schafe"
SECONDS = 20
"""Within which a page shows what it should, on a machine that has other things to do."""
Language = Literal["de", "en"]
Exchange = Literal["graph", "exchange_ews"]


@dataclass
class Tab:
    """One person's tab in a browser of the own."""

    page: Page
    url: str
    watch: Watch

    async def go(self, path: str) -> None:
        """Open a page, as if its address was typed in."""
        await self.page.goto(path if path.startswith("http") else f"{self.url}{path}")

    async def press(self, name: str) -> None:
        """Press a button."""
        await self.page.get_by_role("button", name=name, exact=True).click()

    async def fill(self, **values: str) -> None:
        """Fill in a form by its labels."""
        for label, value in values.items():
            await self.page.get_by_label(label, exact=True).fill(value)

    async def sees(self, text: str) -> None:
        """Wait until a text is on the page."""
        await expect(self.page.get_by_text(text).first).to_be_visible()

    async def sees_no(self, text: str) -> None:
        """Wait until a text is not on the page any more."""
        await expect(self.page.get_by_text(text)).to_have_count(0)

    def heading(self, name: str) -> Locator:
        return self.page.get_by_role("heading", name=name, exact=True)

    async def expect_no_barrier(self) -> None:
        """Expect that axe-core finds no serious fault, and that nothing needs to be scrolled sideways."""
        assert await barriers(self.page) == []
        hidden: int = await self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert hidden <= 0, f"{self.page.url} is {hidden} px wider than the window"


@dataclass
class Place:
    """A running calsync with its pages, the two systems that it syncs, and a browser."""

    world: World
    url: str
    browser: Browser
    tabs: list[Tab] = field(default_factory=list)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let calsync run until the end; it must end well, and without a word about any secret."""
        process = await self.world.start("run")
        try:
            port = int(self.url.rpartition(":")[2])
            async with asyncio.timeout(SECONDS):
                while not await _listens(port):  # noqa: ASYNC110 - another process begins to listen
                    await asyncio.sleep(0.02)
            yield
        finally:
            if process.returncode is None:
                process.terminate()
            found = await asyncio.wait_for(ended(process), SECONDS)
            sys.stderr.write(found.errors)  # shown with a test that failed
        assert found.code == 0, found.errors
        assert "Traceback" not in found.errors, found.errors

    async def tab(self, *, language: Language = "de", phone: bool = False, **options: Any) -> Tab:
        """Open a browser of its own for somebody who has not signed in."""
        return await self._tab(await self._context(language, phone=phone, **options))

    async def _context(self, language: Language, *, phone: bool, **options: Any) -> BrowserContext:
        given: dict[str, Any] = {
            "locale": {"de": "de-DE", "en": "en-GB"}[language],
            "timezone_id": "Europe/Berlin",
            "viewport": PHONE if phone else WIDE,
            "has_touch": phone,
            "reduced_motion": "reduce",
            **options,
        }
        return await self.browser.new_context(**given)

    async def _tab(self, context: BrowserContext) -> Tab:
        context.set_default_timeout(SECONDS * 1000)
        watch = Watch({self.url, self.world.sandbox.authority.url})
        watch.over(context)
        tab = Tab(await context.new_page(), self.url, watch)
        self.tabs.append(tab)
        return tab

    async def invited(self, name: str, *options: str) -> str:
        """Invite somebody on the command line; return the link."""
        found = await self.world.command("user", "invite", name, *options)
        assert found.code == 0, found.errors
        return found.output.splitlines()[-1]

    async def arrives(self, name: str, *options: str, first: str = "/", **tab: Any) -> Tab:
        """Invite somebody, who chooses a password and is in, on the `first` page."""
        link = await self.invited(name, *options)
        person = await self.tab(**tab)
        await person.go(link)
        await person.page.locator("#password").fill(GOOD)
        await person.page.locator("#again").fill(GOOD)
        await person.page.locator("main form button[type=submit]").click()
        await person.page.wait_for_url(f"{self.url}{first}")
        return person

    async def again(self, tab: Tab, **options: Any) -> Tab:
        """Open another browser, of another size or colour, in which the same person is signed in."""
        language = options.pop("language", "de")
        context = await self._context(language, phone=options.pop("phone", False), **options)
        await context.add_cookies([_given_back(cookie) for cookie in await tab.page.context.cookies()])
        return await self._tab(context)

    async def close(self) -> None:
        """Close all tabs, and expect that nothing went wrong in any. What closing breaks off is no fault."""
        faults = [fault for tab in self.tabs for fault in tab.watch.faults]
        for tab in self.tabs:
            await tab.page.context.close()
        assert faults == []


def _given_back(cookie: Any) -> Any:
    """Return a cookie as it can be given to a browser; the language is each one's own."""
    return {key: cookie[key] for key in ("name", "value", "domain", "path", "httpOnly", "secure", "sameSite")}


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    missing = [str(path) for path in (CHROMIUM, AXE) if not path.exists()]
    if missing:
        told = f"THE BROWSER IS NOT THERE, its tests were skipped: {', '.join(missing)}"
        pytest.fail(told) if os.environ.get("CALSYNC_BROWSER") == "required" else pytest.skip(told)
    expect.set_options(timeout=SECONDS * 1000)
    async with chromium() as browser:
        yield browser


@pytest.fixture
def exchange() -> Exchange:
    """Return the provider of the mailboxes; a test that is about another one parametrizes it."""
    return "graph"


@pytest.fixture
async def prepared(browser: Browser, tmp_path: Path, exchange: Exchange) -> AsyncIterator[Place]:
    """All that a running calsync needs; it does not run yet."""
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(Sandbox(exchange=exchange))
        anna = sandbox.add_person("anna@example.de", first="Anna", last="Beispiel")
        world = World(sandbox, SystemClock(), anna, tmp_path)
        port = free_port()
        world.rewrite("service:\n", f"web: {{}}\nservice:\n  listen: 127.0.0.1:{port}\n")
        place = Place(world, f"http://127.0.0.1:{port}", browser)
        yield place
        world.expect_no_mail()


@pytest.fixture
async def office(browser: Browser, tmp_path: Path) -> AsyncIterator[Place]:
    """A running calsync with the demo's accounts: four people's, two of whom have something to decide."""
    async with Sandbox() as sandbox:
        quiet = Console(quiet=True)
        anna, _ = fill(sandbox, (), 20, quiet)
        world = World(sandbox, SystemClock(), anna, tmp_path)
        port = free_port()
        await open_office(Stage(sandbox, anna, CommandLine(world.configuration), quiet), port)
        place = Place(world, f"http://127.0.0.1:{port}", browser)
        async with place.running():
            yield place
            await place.close()
        world.expect_no_mail()


@pytest.fixture
async def place(prepared: Place) -> AsyncIterator[Place]:
    """A running calsync, with the account `anna`."""
    async with prepared.running():
        yield prepared
        await prepared.close()
