"""Fixtures of the pages' tests: the pages over loopback HTTP, and browsers that look at them."""

from __future__ import annotations

import asyncio
import html
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from calsync.desk import Access, Audit, Checks, Desk, Members, OwnMailboxes, OwnSignIns, Passwords, People, Setup
from calsync.people import Person, Role
from calsync.store import SqliteStore
from calsync.testing import FakeClock
from calsync.web import serving
from calsync.web.origins import Origins
from calsync.web.site import Site
from tests.desk.office import Office

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from calsync.web.works import Works

GOOD = "vier grüne Schafe"
PUBLIC = "https://calsync.example.de/kalender"
CONFIG = """
service: {{store: "sqlite:///{folder}/calsync.db"}}
connections: {{}}
accounts: {{}}
web: {{}}
"""


@dataclass
class Answer:
    """What a browser was given."""

    status: int
    text: str
    headers: Any

    @property
    def location(self) -> str:
        return str(self.headers.get("Location", ""))

    @property
    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', self.text)
        assert found, self.text[:200]
        return found[1]

    def says(self, text: str) -> bool:
        return text in html.unescape(self.text)


@dataclass
class Browser:
    """Keeps cookies, follows no redirects, and sends forms as browsers do."""

    client: aiohttp.ClientSession
    origin: str
    language: str = "en"
    headers: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask("GET", path, headers=headers)

    async def ask(self, method: str, path: str, *, headers: dict[str, str], data: Any = None) -> Answer:
        given = {"Accept-Language": self.language, **self.headers, **headers}
        async with self.client.request(method, path, data=data, headers=given, allow_redirects=False) as answer:
            return Answer(answer.status, await answer.text(), answer.headers)

    async def post(
        self, path: str, fields: dict[str, str] | list[tuple[str, str]], *, at: str, **headers: str
    ) -> Answer:
        """Send a form that stands on the page `at`."""
        csrf = (await self.get(at)).csrf
        own = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin", **headers}
        given = fields.items() if isinstance(fields, dict) else fields
        return await self.ask("POST", path, headers=own, data=[("csrf", csrf), *given])

    async def sign_in(self, name: str, password: str = GOOD) -> Answer:
        return await self.post("/sign-in", {"name": name, "password": password}, at="/sign-in")

    def cookie(self, name: str) -> str | None:
        """Return a cookie's value."""
        found = [one.value for one in self.client.cookie_jar if one.key == name]
        return found[0] if found else None


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def store() -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.in_memory()
    yield store
    await store.close()


@pytest.fixture
def office(store: SqliteStore, clock: FakeClock) -> Office:
    """Return the accounts anna and bernd, between calendars in memory."""
    people = People(store.people, clock, lambda: {"anna", "bernd"}, Audit(store.settings, clock))
    return Office(store, clock, people)


@pytest.fixture
def setup(tmp_path: Path, clock: FakeClock) -> Setup:
    """Return the setting up of a configuration that names nothing but the store."""
    file = tmp_path / "calsync.yaml"
    file.write_text(CONFIG.format(folder=tmp_path))
    return Setup(file, clock)


@pytest.fixture
def desk(office: Office, store: SqliteStore, clock: FakeClock, setup: Setup) -> Desk:
    async def ran() -> Collection[str]:
        return office.runs.numbers

    return Desk(
        people=office.people,
        access=Access(store.people, Passwords((2, 8, 1)), clock, office.audit),
        showing=office.showing,
        explaining=office.explaining,
        steering=office.steering,
        own=OwnMailboxes(setup, store.people, store.assignments, ran, clock, office.audit),
        own_sign_ins=OwnSignIns(setup, store.people, office.audit),
        members=Members(setup, store.assignments, office.people, office.audit),
        checks=Checks(setup.check_connection, clock),
        audit=office.audit,
        accounts=lambda: office.accounts,
        everybodys=setup,
        first_run=office.first_run,
    )


@pytest.fixture
def sign_ins() -> list[str]:
    """Return what the pages say came of sign-ins."""
    return []


@pytest.fixture
def site(desk: Desk, clock: FakeClock, port: int, sign_ins: list[str]) -> Site:
    return Site(desk, clock, Origins("127.0.0.1", port, PUBLIC), signed_in=sign_ins.append)


@pytest.fixture
async def served(site: Site, port: int) -> AsyncIterator[str]:
    """Serve the pages; return where."""
    async with serving([], "127.0.0.1", port, site):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
async def browser(served: str) -> AsyncIterator[Browser]:
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(served, cookie_jar=jar) as client:
        yield Browser(client, served)


@pytest.fixture
async def other(served: str) -> AsyncIterator[Browser]:
    """Return somebody else's browser."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(served, cookie_jar=jar) as client:
        yield Browser(client, served)


async def ended(works: Works) -> None:
    """Wait until what pages have begun is over."""
    async with asyncio.timeout(20):
        await asyncio.gather(*works._tasks, return_exceptions=True)


async def person(desk: Desk, name: str, role: Role = Role.USER, *accounts: str) -> Person:
    """Let somebody be there, who has used the invitation."""
    invitation = await desk.people.invite(name, role, accounts)
    return await desk.access.accept_with_password(invitation.secret, GOOD)


@pytest.fixture
async def anna(desk: Desk) -> Person:
    return await person(desk, "Anna", Role.USER, "anna")


@pytest.fixture
async def chef(desk: Desk) -> Person:
    return await person(desk, "Chef", Role.ADMINISTRATOR)


WEB = Path(__file__).parents[2] / "calsync" / "web"
