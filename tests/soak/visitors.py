"""Who looks at the pages meanwhile: a user who loads the own page again and again, and one whose page is open."""

from __future__ import annotations

import asyncio
from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp

from calsync.desk import Access, Audit, Passwords
from calsync.people import Role
from calsync.ports import SystemClock
from calsync.store import SqliteStore
from calsync.web.cookies import SESSION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PACE = 3.0
"""Seconds between two looks at the own page."""
AGAIN = 2.0
"""Seconds after which a browser listens again whose stream has ended."""
SILENCE = 60.0
"""A stream that is silent for longer is dead: it says something each 25 s."""


class Visitors:
    """Two of them, until cancelled."""

    def __init__(self, url: str, sessions: Mapping[str, str]) -> None:
        """`sessions`: the ids of the sessions of `loads` and `listens`."""
        self.loaded = 0
        """Pages."""
        self.heard = 0
        """Messages of streams."""
        self.refused: Counter[str] = Counter()
        """What else was answered than a page or a stream, by path and status."""
        self._url = url
        self._sessions = sessions

    async def look(self) -> None:
        """Load and listen, also while nobody answers: calsync may be restarted."""
        await asyncio.gather(self._load(), self._listen())

    async def _load(self) -> None:
        async with self._browser("loads", aiohttp.ClientTimeout(total=SILENCE)) as browser:
            while True:
                await asyncio.sleep(PACE)
                try:
                    async with browser.get("/", allow_redirects=False) as answer:
                        await answer.read()
                except (aiohttp.ClientError, TimeoutError):
                    continue
                if self._is_good(answer):
                    self.loaded += 1

    async def _listen(self) -> None:
        async with self._browser("listens", aiohttp.ClientTimeout(total=None, sock_read=SILENCE)) as browser:
            while True:
                try:
                    async with browser.get("/events", allow_redirects=False) as answer:
                        if self._is_good(answer):
                            async for line in answer.content:
                                self.heard += line != b"\n"
                except TimeoutError:
                    self.refused["/events silent"] += 1
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(AGAIN)

    def _browser(self, who: str, timeout: aiohttp.ClientTimeout) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(self._url, cookies={SESSION: self._sessions[who]}, timeout=timeout)

    def _is_good(self, answer: aiohttp.ClientResponse) -> bool:
        if answer.status != HTTPStatus.OK:
            self.refused[f"{answer.url.path} {answer.status}"] += 1
        return answer.status == HTTPStatus.OK


async def sessions(store: Path, accounts: Mapping[str, str]) -> dict[str, str]:
    """Let people be there before the service is, with an account each; return their sessions' ids, by name."""
    clock, passwords = SystemClock(), Passwords()
    opened = await SqliteStore.open(store)
    try:
        access = Access(opened.people, passwords, clock, Audit(opened.settings, clock))
        now, found = clock.now(), {}
        for name, account in accounts.items():
            person = await opened.people.invite(name, Role.USER, f"{name} uses no invitation", now, now)
            if person is None:
                raise RuntimeError(f"{name} is there already, in a store that was to be new")
            await opened.people.give(person.id, account)
            found[name] = await access.begin_session(person)
        return found
    finally:
        passwords.close()
        await opened.close()
