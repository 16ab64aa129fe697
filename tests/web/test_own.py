"""People connect the own mailbox on the pages, over real HTTP, against the sandbox's Microsoft and Exchange."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest

from calsync.desk import Setup
from calsync.people import Role
from calsync.sync.model import Direction
from tests.desk.servers import ANNA, BERLIN, BERT, PASSWORD, Servers
from tests.web.conftest import Answer, Browser, person

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from calsync.desk import Desk
    from calsync.people import Person
    from calsync.store import SqliteStore
    from calsync.testing import FakeClock

PICK = "/own/calendar"


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[Servers]:
    found = Servers(tmp_path)
    started = (found.authority, found.graph, found.ews)
    for server in started:
        await server.start()
    found.configure()
    yield found
    for server in started:
        await server.stop()


@pytest.fixture
def clock(servers: Servers) -> FakeClock:
    return servers.house.clock


@pytest.fixture
def setup(servers: Servers, clock: FakeClock) -> Setup:
    return Setup(servers.file, clock)


@pytest.fixture
async def nina(desk: Desk, store: SqliteStore, browser: Browser) -> Person:
    """Return somebody who has signed in, is known on the left, and has no account yet."""
    found = await person(desk, "Nina", Role.USER)
    await store.assignments.assign(found.id, "anna-crm")
    await browser.sign_in("Nina")
    return found


async def microsoft(servers: Servers, browser: Browser, path: str, address: str | None = ANNA) -> Answer:
    """Go to Microsoft from a page, sign in there or refuse to, and come back."""
    servers.authority.codes.at_the_browser = None if address is None else servers.authority.people.add(address)
    away = await browser.get(path)
    assert away.status == 303, away.text
    query = dict(parse_qsl(urlsplit(away.location).query))
    assert query["redirect_uri"] == f"{browser.origin}/own/back"
    back = urlsplit(servers.authority.codes.issue(query))
    return await browser.get(f"{back.path}?{back.query}")


def calendars_on(page: Answer) -> list[str]:
    return re.findall(r'name="calendar" value="([^"]+)"', page.text)


async def test_who_has_no_account_is_led_from_microsoft_to_a_calendar_and_an_account(
    servers: Servers, browser: Browser, nina: Person, store: SqliteStore
) -> None:
    servers.graph.mailbox(ANNA).add_calendar("Büro")
    page = await browser.get("/own")
    assert page.says("Continue with Microsoft")
    assert (await microsoft(servers, browser, "/own/microsoft")).location == PICK
    page = await browser.get(PICK)
    assert page.says("Your main calendar")
    assert page.says("Büro")
    calendars = calendars_on(page)
    fields = {"calendar": calendars[0], "timezone": BERLIN, "direction": "right_to_left"}
    assert (await browser.post(PICK, fields, at=PICK)).location == "/"
    account = servers.config().accounts["anna-crm"]
    assert account.direction is Direction.RIGHT_TO_LEFT
    assert account.right.settings == {"mailbox": ANNA}
    assert await store.people.owned(nina.id) == {"anna-crm"}
    told = [(one.who, one.what) for one in await store.settings.audit(9)]
    assert ("Nina", "account_added") in told
    assert (await browser.get("/own")).location == "/"


async def test_exchange_is_signed_in_to_with_name_and_password(
    servers: Servers, browser: Browser, nina: Person
) -> None:
    servers.configure(right="exchange")
    given = {"mailbox": ANNA, "username": "EX\\anna", "password": PASSWORD}
    wrong = await browser.post("/own", {**given, "password": "wrong-canary"}, at="/own")
    assert (wrong.status, wrong.says("The sign-in was refused.")) == (400, True)
    assert "wrong-canary" not in wrong.text
    assert 'value="EX\\anna"' in wrong.text
    empty = await browser.post("/own", {**given, "mailbox": ""}, at="/own")
    assert (empty.status, empty.says("Please fill this in.")) == (400, True)
    foreign = await browser.post("/own", {**given, "mailbox": BERT}, at="/own")
    assert (foreign.status, foreign.says("This is not your own mailbox")) == (400, True)
    assert (await browser.post("/own", given, at="/own")).location == PICK
    (calendar,) = calendars_on(await browser.get(PICK))
    for zone, status in (("Mars/Olympus", 400), (BERLIN, 303)):
        answer = await browser.post(PICK, {"calendar": calendar, "timezone": zone}, at=PICK)
        assert answer.status == status, answer.text
    again = "/own/anna-crm/sign-in"
    assert 'value="EX\\anna"' in (await browser.get(again)).text
    asked = {"username": "EX\\anna", "password": "wrong-canary"}
    wrong = await browser.post(again, asked, at=again)
    assert (wrong.status, wrong.says("The sign-in was refused.")) == (400, True)
    right = await browser.post(again, {**asked, "password": PASSWORD}, at=again)
    assert (right.status, right.location) == (303, "/")
    assert PASSWORD.encode() not in servers.lying()


async def test_an_expired_sign_in_is_made_again_by_the_owner_and_nobody_else(
    servers: Servers, browser: Browser, other: Browser, nina: Person, anna: Person, chef: Person
) -> None:
    await microsoft(servers, browser, "/own/microsoft")
    (calendar,) = calendars_on(await browser.get(PICK))
    await browser.post(PICK, {"calendar": calendar, "timezone": BERLIN}, at=PICK)
    again = "/own/anna-crm/sign-in"
    assert (await browser.get(again)).says("Continue with Microsoft")
    answer = await microsoft(servers, browser, f"{again}/microsoft", BERT)
    assert (answer.status, answer.says("Signing in with Microsoft did not work.")) == (400, True)
    assert (await microsoft(servers, browser, f"{again}/microsoft")).location == "/"
    for name in ("anna", "chef"):
        await other.sign_in(name)
        assert (await other.get(again)).status == 404
        assert (await other.get(f"{again}/microsoft")).status == 404
        await other.post("/sign-out", {}, at="/profile")


async def test_what_comes_back_from_microsoft_is_good_once_and_in_this_browser_only(
    servers: Servers, browser: Browser, other: Browser, nina: Person, anna: Person
) -> None:
    answer = await microsoft(servers, browser, "/own/microsoft", None)
    assert (answer.status, answer.says("Signing in with Microsoft did not work.")) == (400, True)
    replayed = await browser.get("/own/back?code=x&state=y")
    assert (replayed.status, replayed.says("Please begin again.")) == (400, True)
    assert (await browser.get(PICK)).location == "/own"
    await other.sign_in("anna")
    assert (await other.get("/own/back?code=x&state=y")).status == 400


async def test_where_nobody_may_connect_it_is_said_whom_to_ask(
    servers: Servers, browser: Browser, nina: Person, chef: Person
) -> None:
    page = await browser.get("/")
    assert page.says("Connect your calendar")
    servers.file.write_text(servers.file.read_text().split("  self_service")[0].replace("web:", "web: {}"))
    page = await browser.get("/")
    assert not page.says("Connect your calendar")
    assert page.says("Please ask: Chef.")
    assert (await browser.get("/own")).location == "/"
    assert (await browser.get("/own/microsoft")).status == 400


async def test_who_is_nobody_on_the_other_side_is_told_before_a_password_is_asked_for(
    servers: Servers, browser: Browser, nina: Person, chef: Person, store: SqliteStore
) -> None:
    await store.assignments.assign(nina.id, None)
    page = await browser.get("/")
    assert not page.says("Connect the calendar")
    assert page.says("Your administrator has not said yet who you are in the other system. Please ask: Chef.")
    assert (await browser.get("/own")).location == "/"


async def test_an_account_that_the_service_has_not_read_yet_is_announced(
    servers: Servers, browser: Browser, nina: Person, store: SqliteStore
) -> None:
    await store.people.give(nina.id, "anna-crm")
    page = await browser.get("/")
    assert page.says("This account is being set up")
    assert 'data-live="anna-crm"' in page.text


async def test_an_administrator_says_whom_somebody_is_on_the_other_side(
    servers: Servers, other: Browser, nina: Person, chef: Person, store: SqliteStore
) -> None:
    await other.sign_in("chef")
    place = f"/people/{nina.id}"
    assert (await other.get(place)).says("anna-crm")
    page = await other.get(f"{place}/member")
    assert page.says("anna@example.de")
    answer = await other.post(f"{place}/member", {"member": "7"}, at=f"{place}/member")
    assert answer.location == place
    assert await store.assignments.of(nina.id) == "7"
    await other.post(f"{place}/member", {"member": ""}, at=f"{place}/member")
    assert await store.assignments.of(nina.id) is None
    told = [(one.who, one.what) for one in await store.settings.audit(2)]
    assert told == [("Chef", "assigned")] * 2


async def test_nobody_else_says_it(browser: Browser, nina: Person, store: SqliteStore) -> None:
    assert (await browser.get(f"/people/{nina.id}/member")).status == 403
    answer = await browser.post(f"/people/{nina.id}/member", {"member": "bert"}, at="/profile")
    assert answer.status == 403
    assert await store.assignments.of(nina.id) == "anna-crm"
