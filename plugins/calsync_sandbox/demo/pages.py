"""The pages that the demo opens, and who may look at them."""

from __future__ import annotations

import asyncio
import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

from calsync_sandbox.demo.commandline import CommandFailed
from calsync_sandbox.demo.stage import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync_sandbox.demo.commandline import CommandLine
    from calsync_sandbox.demo.console import Console

PASSWORD = "nur-zum-ansehen"  # noqa: S105 - it is printed, and opens a demo
_GLANCE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who may look, as `calsync user invite` is told."""

    name: str
    role: str
    options: Sequence[str]


LOGINS = (
    Login("Sabine Schäfer", "administrator, sees all", ("--admin",)),
    Login("Anna Beispiel", "user, sees her own calendars", ("--account", ACCOUNT)),
)


class Pages:
    """The pages of one demo, at a port that was free."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port: int = taken.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def announce(self, console: Console, when: str) -> None:
        """Print the address, when it opens, and how to sign in."""
        console.title(f"The pages: {self.url}")
        console.say(f"  {when}. Sign in with one of these names (only for this demo):")
        console.table([["name", "password", ""], *([one.name, PASSWORD, one.role] for one in LOGINS)])

    async def open(self, calsync: CommandLine) -> None:
        """Wait until calsync shows its pages, then invite everybody and choose their passwords.

        Raises CommandFailed.
        """
        while not await self._answer():  # noqa: ASYNC110 - another process begins to listen
            await asyncio.sleep(_GLANCE_SECONDS)
        for one in LOGINS:
            await self._accept(await calsync.invite(one.name, *one.options))

    async def _answer(self) -> bool:
        try:
            async with aiohttp.ClientSession() as client, client.get(f"{self.url}/healthz") as answer:
                return answer.ok
        except aiohttp.ClientError:
            return False

    async def _accept(self, link: str) -> None:
        """Fill in the form behind an invitation, as a browser would."""
        jar = aiohttp.CookieJar(unsafe=True)  # the address is a number
        async with aiohttp.ClientSession(cookie_jar=jar) as client:
            async with client.get(link) as page:
                found = re.search(r'name="csrf" value="(\w+)"', await page.text())
            fields = {"csrf": found[1] if found else "", "password": PASSWORD, "again": PASSWORD}
            async with client.post(link, data=fields, headers={"Origin": self.url}) as answer:
                if not answer.ok:
                    raise CommandFailed(f"the pages do not take the password: status {answer.status}")
