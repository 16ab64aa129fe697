"""The watch over a page sees what must not happen in it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.browser.chromium import Watch, barriers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser

PAGE = '<!DOCTYPE html><html lang="en"><title>x</title><link rel="icon" href="data:,"><h1>x</h1>'


@asynccontextmanager
async def served(content: str) -> AsyncIterator[str]:
    """Serve one page; return where."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=content, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", answer)
    async with TestServer(app) as server:
        yield f"http://127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("<script>console.error('broken')</script>", "console: broken"),
        ("<script>throw new Error('broken')</script>", "error: broken"),
        ("<img src='/nothing.png' alt='x'>", "404: "),
        ("<img src='http://127.0.0.2:9/nothing.png' alt='x'>", "asked another host: http://127.0.0.2:9/"),
        ("<script>fetch('http://127.0.0.1:9').catch(() => 0)</script>", "asked another host: http://127.0.0.1:9/"),
        ("", ""),
    ],
)
async def test_what_must_not_happen_is_seen(browser: Browser, content: str, told: str) -> None:
    async with served(PAGE + content) as url:
        context = await browser.new_context()
        watch = Watch({url})
        watch.over(context)
        page = await context.new_page()
        await page.goto(url, wait_until="networkidle")
        await context.close()
    assert any(fault.startswith(told) for fault in watch.faults) if told else watch.faults == []


async def test_a_barrier_is_seen(browser: Browser) -> None:
    async with served(f"{PAGE}<input><button></button>") as url:
        page = await browser.new_page()
        await page.goto(url)
        found = await barriers(page)
        await page.close()
    assert sorted(one.split()[0] for one in found) == ["button-name", "label"]
