"""First start: who lands there, and what each step says. The whole way: tests/e2e/first_start/test_pages.py."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING

import pytest
import voluptuous as vol

from calsync.desk import Setup
from calsync.errors import LoginError
from calsync.people import Person, Role
from calsync.ports import Finding
from calsync.ports import Person as Somebody
from calsync.web.pages.start_account import Picked, account_of, member_of
from calsync_flowfact.config import CONNECTION_SCHEMA, settings_of
from calsync_flowfact.questions import questions
from calsync_sandbox.flowfact.schemas import seeded
from tests.web.conftest import ended, person

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from calsync.desk import Desk
    from calsync.forms import Question
    from calsync.web.site import Site
    from tests.desk.office import Office
    from tests.web.conftest import Browser

KEY = base64.b64encode(b"k" * 32).decode()


@pytest.fixture
async def empty(office: Office, setup: object, tmp_path: Path) -> Path:
    """Let nothing be configured; return the configuration."""
    office.accounts.clear()
    file = tmp_path / "calsync.yaml"
    rewrite(file, "service: {", f"service: {{key: {KEY}, ")
    return file


def rewrite(file: Path, old: str, new: str) -> None:
    file.write_text(file.read_text().replace(old, new))


async def test_an_administrator_lands_there_when_nothing_is_configured(
    browser: Browser, chef: Person, empty: Path
) -> None:
    await browser.sign_in("chef")
    answer = await browser.get("/")
    assert (answer.status, answer.location) == (303, "/start")
    assert (await browser.get("/start")).says("Connect FLOWFACT")


async def test_nobody_lands_there_once_there_is_an_account(browser: Browser, chef: Person) -> None:
    await browser.sign_in("chef")
    assert (await browser.get("/")).status == 200


async def test_nobody_lands_there_where_the_operator_has_connected_something(
    browser: Browser, chef: Person, empty: Path
) -> None:
    connection = "{mail: {provider: graph, tenant_id: x, client_id: x, client_secret: x}}"
    rewrite(empty, "connections: {}", f"connections: {connection}")
    await browser.sign_in("chef")
    assert (await browser.get("/")).status == 200


async def test_a_user_has_no_business_there(browser: Browser, desk: Desk, empty: Path) -> None:
    await person(desk, "Anna", Role.USER)
    await browser.sign_in("anna")
    assert (await browser.get("/")).status == 200
    assert (await browser.get("/start")).status == 403
    for step in ("connect", "check", "pick", "preview", "enable"):
        assert (await browser.post(f"/start/{step}", {}, at="/profile")).status == 403


async def test_a_step_that_is_not_reached_yet_is_not_shown(browser: Browser, chef: Person, empty: Path) -> None:
    await browser.sign_in("chef")
    for step in ("fields", "mail", "pick", "preview", "done", "nothing"):
        assert (await browser.get(f"/start?step={step}")).says("Connect FLOWFACT")
    for step in ("pick", "preview", "enable"):
        assert (await browser.post(f"/start/{step}", {"user": "a@b.de"}, at="/start")).status == 404
    assert (await browser.post("/start/connect", {"provider": "memory"}, at="/start")).status == 404


async def test_what_is_not_filled_in_is_told_where_it_is_missing(
    browser: Browser, chef: Person, empty: Path
) -> None:
    await browser.sign_in("chef")
    answer = await browser.post("/start/connect", {"provider": "flowfact"}, at="/start")
    assert answer.status == 400
    assert answer.says("Please fill this in.")
    assert 'aria-invalid="true"' in answer.text
    bad = {"provider": "flowfact", "api_token": "secret-canary", "base_url": "ftp://x"}
    answer = await browser.post("/start/connect", bad, at="/start")
    assert answer.status == 400
    assert answer.says("This does not fit here.")
    assert "<details open" in answer.text  # where the wrong field is
    assert "secret-canary" not in answer.text


FLOWFACT = {"provider": "flowfact", "api_token": "canary-token", "base_url": "http://127.0.0.1:9"}


class Servers:
    """Stands in for the servers behind the connections: what asking and checking them says."""

    def __init__(self) -> None:
        self.findings: dict[str, list[Finding]] = {}
        """By connection; one that is not here is not reached."""
        self.people = [Somebody(id="1", addresses=("anna@example.de",), active=True)]

    async def check(self, connection: str) -> list[Finding]:
        return self.findings.get(connection, [Finding("error", f"connection {connection}: refused")])

    async def questions(self, connection: str) -> Sequence[Question]:
        if connection not in self.findings:
            raise LoginError(f"connection {connection}: the token is refused")
        return questions(settings_of(FULL), seeded()["appointments"]["properties"], ())


FULL = vol.Schema(CONNECTION_SCHEMA)({"api_token": "t"})


@pytest.fixture
def servers(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Servers:
    servers = Servers()
    desk.checks._check = servers.check
    monkeypatch.setattr(Setup, "questions", lambda _, connection: servers.questions(connection))

    async def people(_: Setup, connection: str) -> list[Somebody]:
        del connection
        return servers.people

    monkeypatch.setattr(Setup, "people", people)
    return servers


async def connected(browser: Browser, site: Site, servers: Servers) -> None:
    """Connect both systems, as they work."""
    servers.findings = {"flowfact": [], "exchange": [], "microsoft365": []}
    await browser.post("/start/connect", FLOWFACT, at="/start")
    await ended(site.works)
    await browser.post("/start/fields", {"private": "private"}, at="/start?step=fields")
    await ended(site.works)
    await browser.post("/start/connect", EXCHANGE, at="/start")
    await ended(site.works)


EXCHANGE = {
    "provider": "exchange_ews",
    "url": "http://127.0.0.1:9/EWS/Exchange.asmx",
    "username": "EX\\a",
    "password": "canary-one",
}


async def test_a_wrong_token_is_told_at_once_and_its_step_is_not_done(
    browser: Browser, chef: Person, empty: Path, servers: Servers, site: Site
) -> None:
    await browser.sign_in("chef")
    answer = await browser.post("/start/connect", FLOWFACT, at="/start")
    assert (answer.status, answer.location) == (303, "/start?step=flowfact")
    await ended(site.works)
    for path in ("/start", "/start?step=fields", "/start?step=mail", "/start?step=pick"):
        page = await browser.get(path)
        assert page.says("FLOWFACT does not let calsync in with this.")
        assert page.says("the token is refused")
        assert not page.says("done")
    servers.findings["flowfact"] = []
    await browser.post("/start/check", {"step": "flowfact"}, at="/start")
    await ended(site.works)
    assert (await browser.get("/start?step=flowfact")).says("Next you say which fields your events have.")


async def test_a_mail_system_that_refuses_is_told_at_once(
    browser: Browser, chef: Person, empty: Path, servers: Servers, site: Site
) -> None:
    await browser.sign_in("chef")
    await connected(browser, site, servers)
    servers.findings.pop("exchange")
    await browser.post("/start/connect", EXCHANGE, at="/start?step=mail")
    await ended(site.works)
    page = await browser.get("/start?step=pick")
    assert page.says("Not yet")
    assert page.says("give the service account the rights that are missing")


async def test_which_fields_are_which_is_asked_before_anything_is_read(
    browser: Browser, chef: Person, empty: Path, servers: Servers, site: Site, setup: Setup
) -> None:
    await browser.sign_in("chef")
    servers.findings["flowfact"] = [Finding("warning", "connection flowfact: hm", "connection flowfact: nun")]
    await browser.post("/start/connect", FLOWFACT, at="/start")
    await ended(site.works)
    page = await browser.get("/start")
    assert page.says("Which fields do your appointments have?")
    assert page.says("private appointments cannot be told from others")
    assert (await browser.get("/start?step=mail")).says("Which fields do your appointments have?")
    sent = {"private": "private", "series": "", "marker": "nothing that was offered"}
    answer = await browser.post("/start/fields", sent, at="/start")
    assert answer.location == "/start?step=fields"
    await ended(site.works)
    browser.language = "de"
    page = await browser.get("/start?step=fields")
    assert page.says("Die Felder passen zu Ihren Terminen.")
    assert page.says("nun")
    fields = (await setup.config()).connections["flowfact"].settings["fields"]
    assert fields["private"] == {"field": "private", "codec": "bool"}
    assert fields["series"] == {"field": None}
    assert "marker" not in fields
    assert (await browser.get("/start")).says("Microsoft 365 verbinden")


async def test_the_step_stays_while_the_answers_are_checked(
    browser: Browser, chef: Person, empty: Path, servers: Servers, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await browser.sign_in("chef")
    await connected(browser, site, servers)
    going = asyncio.Event()

    async def slow(*_: object) -> list[Finding]:
        await going.wait()
        return []

    monkeypatch.setattr(Setup, "questions", slow)
    site.desk.checks._check = slow
    await browser.post("/start/fields", {"private": ""}, at="/start?step=fields")
    page = await browser.get("/start?step=fields")
    assert page.says("Which fields do your appointments have?")
    assert page.says("Checking")
    going.set()
    await ended(site.works)


async def test_the_same_field_for_two_things_is_refused(
    browser: Browser, chef: Person, empty: Path, servers: Servers, site: Site
) -> None:
    await browser.sign_in("chef")
    servers.findings["flowfact"] = []
    await browser.post("/start/connect", FLOWFACT, at="/start")
    await ended(site.works)
    page = await browser.post("/start/fields", {"private": "private", "series": "private"}, at="/start")
    assert page.status == 400
    assert page.says("each field can stand for one thing only")
    assert '<option value="private" selected>' in page.text


async def test_the_fields_can_be_assigned_again_on_a_page_of_their_own(
    browser: Browser, chef: Person, empty: Path, servers: Servers, site: Site, setup: Setup
) -> None:
    await browser.sign_in("chef")
    await connected(browser, site, servers)
    place = "/connections/flowfact/questions"
    assert (await browser.get(place)).says("Fields of appointments")
    await ended(site.works)
    answer = await browser.post(place, {"private": "kind=personal"}, at=place)
    assert answer.location == "/connections#flowfact"
    fields = (await setup.config()).connections["flowfact"].settings["fields"]
    assert fields["private"] == {"field": "kind", "codec": "list", "values": ["personal"]}
    await ended(site.works)
    assert (await browser.get("/connections/exchange/questions")).status == 404
    assert (await browser.get("/connections/nothing/questions")).status == 404


async def test_a_user_whom_flowfact_does_not_know_is_not_taken(
    browser: Browser, chef: Person, empty: Path, servers: Servers, site: Site
) -> None:
    await browser.sign_in("chef")
    await connected(browser, site, servers)
    assert (await browser.get("/start")).says("Whose calendars?")
    await ended(site.works)
    page = await browser.post(
        "/start/pick", {"user": "niemand@example.de", "mailbox": "x@example.de"}, at="/start"
    )
    assert page.status == 400
    assert page.says("FLOWFACT has no such user")
    assert 'value="niemand@example.de"' in page.text
    assert 'value="x@example.de"' in page.text
    answer = await browser.post("/start/pick", {"user": "Anna@Example.de"}, at="/start")
    assert (answer.status, answer.location) == (303, "/start?step=pick")


async def test_another_mail_system_takes_the_place_of_the_first(
    browser: Browser, chef: Person, empty: Path, servers: Servers, site: Site
) -> None:
    await browser.sign_in("chef")
    await connected(browser, site, servers)
    back = await browser.get("/start?step=flowfact")
    assert back.says("Leave it empty to keep the present value.")
    assert "canary-token" not in back.text
    assert (await browser.get("/start?step=mail")).says("Connect an Exchange Server")
    graph = {"provider": "graph", "tenant_id": "11111111-2222-3333-4444-555555555555", "client_id": "x"}
    urls = {"graph_url": "http://127.0.0.1:9", "authority_url": "http://127.0.0.1:9"}
    await browser.post("/start/connect", {**graph, **urls, "client_secret": "canary-two"}, at="/start?step=mail")
    await ended(site.works)
    page = await browser.get("/connections/-/export")
    assert "microsoft365" in page.text
    assert "exchange" not in page.text
    for file in empty.parent.rglob("*"):
        assert not file.is_file() or b"canary" not in file.read_bytes()


@pytest.mark.parametrize(
    ("member", "known", "name"),
    [
        ("4711", (), "4711"),
        ("4711", ("4711",), "account-1"),
        ("", (), "account-1"),
        ("", ("account-1", "account-2"), "account-3"),
    ],
)
def test_an_account_is_called_as_discovery_would_and_after_nobody(
    member: str, known: tuple[str, ...], name: str
) -> None:
    """S9 of the security requirements: the name stands in logs and figures."""
    picked = Picked(user="sabine.schaefer@example.de", member=member, mailbox="sabine.schaefer@example.de")
    assert account_of(picked, dict.fromkeys(known)) == name


def test_the_picked_user_is_known_by_any_of_the_addresses() -> None:
    people = [
        Somebody(id="4710", addresses=(), active=True),
        Somebody(id="4711", addresses=("s.schaefer@example.de", "Sabine@example.de"), active=True),
    ]
    assert member_of(people, "sabine@EXAMPLE.de") == "4711"
    assert member_of(people, "anna@example.de") == ""


async def test_without_a_key_it_says_how_to_make_one(browser: Browser, chef: Person, empty: Path) -> None:
    rewrite(empty, f"key: {KEY}, ", "")
    await browser.sign_in("chef")
    page = await browser.get("/start")
    assert (page.status, page.says("openssl rand -base64 32")) == (200, True)
    rewrite(empty, "service: {", f"service: {{key: {KEY}, ")
    assert (await browser.get("/start")).says("Connect FLOWFACT")
