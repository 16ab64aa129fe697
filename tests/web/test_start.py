"""First start: who lands there, and what each step says. The whole way: tests/e2e/test_first_start.py."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from calsync.people import Person, Role
from calsync.ports import Person as Listed
from calsync.web.pages.start import Picked, _account, _member
from tests.web.conftest import person

if TYPE_CHECKING:
    from pathlib import Path

    from calsync.desk import Desk
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
    for step in ("mail", "check", "pick", "preview", "done", "nothing"):
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
    assert answer.says("This does not fit:")
    assert "<details open" in answer.text  # where the wrong field is
    assert "secret-canary" not in answer.text


async def test_both_systems_are_connected_one_after_the_other(browser: Browser, chef: Person, empty: Path) -> None:
    await browser.sign_in("chef")
    own = {"provider": "flowfact", "api_token": "canary-token", "base_url": "http://127.0.0.1:9"}
    answer = await browser.post("/start/connect", own, at="/start")
    assert (answer.status, answer.location) == (303, "/start")
    assert (await browser.get("/start")).says("Connect Microsoft 365")
    assert (await browser.get("/start?provider=exchange_ews")).says("Connect an Exchange Server")
    back = await browser.get("/start?step=flowfact")
    assert back.says("Leave it empty to keep the present value.")
    assert "canary-token" not in back.text
    exchange = {"provider": "exchange_ews", "url": "http://127.0.0.1:9/EWS/Exchange.asmx", "username": "EX\\a"}
    await browser.post("/start/connect", {**exchange, "password": "canary-one"}, at="/start")
    assert (await browser.get("/start?step=check")).says("Exchange Server")
    graph = {"provider": "graph", "tenant_id": "11111111-2222-3333-4444-555555555555", "client_id": "x"}
    urls = {"graph_url": "http://127.0.0.1:9", "authority_url": "http://127.0.0.1:9"}
    await browser.post("/start/connect", {**graph, **urls, "client_secret": "canary-two"}, at="/start")
    page = await browser.get("/start?step=check")
    assert page.says("Microsoft 365")
    assert not page.says("Exchange Server")  # the other one takes its place
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
    assert _account(picked, dict.fromkeys(known)) == name


def test_the_picked_user_is_known_by_any_of_the_addresses() -> None:
    people = [
        Listed(id="4710", addresses=(), active=True),
        Listed(id="4711", addresses=("s.schaefer@example.de", "Sabine@example.de"), active=True),
    ]
    assert _member(people, "sabine@EXAMPLE.de") == "4711"
    assert _member(people, "anna@example.de") == ""


async def test_without_a_key_it_says_how_to_make_one(browser: Browser, chef: Person, empty: Path) -> None:
    rewrite(empty, f"key: {KEY}, ", "")
    await browser.sign_in("chef")
    page = await browser.get("/start")
    assert (page.status, page.says("openssl rand -base64 32")) == (200, True)
    rewrite(empty, "service: {", f"service: {{key: {KEY}, ")
    assert (await browser.get("/start")).says("Connect FLOWFACT")
