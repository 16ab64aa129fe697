"""Administrators check connections, sign in to them, and set them and accounts up by forms."""

from __future__ import annotations

import asyncio
import base64
import re
from typing import TYPE_CHECKING

import pytest

from calsync.desk.repairs import Disabled
from calsync.desk.setup import Setup
from calsync.desk.systems import System
from calsync.loading import load
from calsync.people import Role
from calsync.ports import BrowserSignIn, Finding, Provider
from tests.web.conftest import ended

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync.config import Config
    from calsync.people import Person
    from calsync.testing import FakeClock
    from calsync.web.site import Site
    from tests.desk.office import Office
    from tests.house import House
    from tests.web.conftest import Browser

CANARY = "secret-canary"
FORM = {"provider": "memory", "name": "post", "url": "https://mail.example.de", "secret": CANARY, "size": "3"}
SENT = (
    "/connections/mail/check",
    "/connections/mail/try",
    "/connections/mail/edit",
    "/connections/mail/remove",
    "/add/connection",
    "/add/account",
    "/accounts/anna/edit",
    "/accounts/anna/remove",
    "/accounts/-/switch",
)


@pytest.fixture
def house(house: House) -> House:
    file = house.folder / "calsync.yaml"
    file.write_text(file.read_text().replace("{store:", f"{{key: {base64.b64encode(b'k' * 32).decode()}, store:"))
    return house


@pytest.fixture
def setup(house: House, clock: FakeClock) -> Setup:
    return Setup(house.folder / "calsync.yaml", clock)


@pytest.fixture
def office(office: Office) -> Office:
    """Return the office, whose connections are those of the house."""
    office.systems["crm"] = System(connection="crm", title="FLOWFACT", provider="memory")
    office.systems["mail"] = System(connection="mail", title="Outlook", by_person=True, provider="memory")
    return office


def config(house: House) -> Config:
    return load(house.folder / "calsync.yaml")[0]


async def test_a_check_is_begun_at_once_and_its_findings_come_by_themselves(
    browser: Browser, office: Office, site: Site, chef: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = asyncio.Event()

    async def check(_name: str) -> Sequence[Finding]:
        await go.wait()
        return [Finding("ok", "signed in"), Finding("warning", "the secret ends soon")]

    monkeypatch.setattr(site.desk.checks, "_check", check)
    await browser.sign_in("chef")
    page = await browser.get("/connections")
    assert page.says("Not checked yet")
    assert page.says(f"{browser.origin}/connections/-/signed-in")
    assert 'data-live="connection:crm connection:mail"' in page.text
    async with site.broadcaster.stream() as stream:
        answer = await browser.post("/connections/mail/check", {}, at="/connections")
        assert (answer.status, answer.location) == (303, "/connections#mail")
        assert await stream.next(20) == {"connection:mail"}
        assert (await browser.get("/connections")).says("Being checked")
        go.set()
        assert await stream.next(20) == {"connection:mail"}
    office.findings.update(site.desk.checks.last())
    page = await browser.get("/connections")
    assert page.says("the secret ends soon")
    assert page.says("With a note")


async def test_a_connection_says_what_it_connects_to_as_people_call_it(
    browser: Browser, office: Office, chef: Person
) -> None:
    office.systems["mail"] = System(connection="mail", title="Outlook", provider="exchange_ews")
    await browser.sign_in("chef")
    page = await browser.get("/connections")
    assert (page.says("mail · Exchange Server · "), page.says("exchange_ews")) == (True, False)
    assert page.says("crm · memory · ")


async def test_what_a_check_cannot_do_is_told(browser: Browser, office: Office, site: Site, chef: Person) -> None:
    office.systems["gone"] = System(connection="gone", title="Old")
    await browser.sign_in("chef")
    await browser.post("/connections/gone/check", {}, at="/connections")
    await ended(site.works)
    assert (await browser.get("/connections")).says("there is no connection 'gone'")
    assert (await browser.post("/connections/nobody/check", {}, at="/connections")).status == 404


async def test_all_accounts_of_a_connection_try_again(browser: Browser, office: Office, chef: Person) -> None:
    await browser.sign_in("chef")
    await browser.post("/connections/mail/try", {}, at="/repairs")
    assert sorted(office.woken) == ["anna", "bernd"]


async def test_entries_that_cannot_be_used_say_why(browser: Browser, office: Office, chef: Person) -> None:
    office.disabled.append(Disabled(account="zoe", problem="accounts.zoe.left.connection: there is no connection"))
    await browser.sign_in("chef")
    page = await browser.get("/connections")
    assert page.says("accounts.zoe.left.connection: there is no connection")
    assert 'href="/accounts/zoe/edit"' in page.text


async def test_somebody_signs_in_to_a_connection_in_the_browser(
    browser: Browser, office: Office, house: House, site: Site, chef: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def begin(_self: Provider, redirect_uri: str) -> BrowserSignIn:
        return BrowserSignIn(address=f"https://login.example/?to={redirect_uri}", flow={"state": "s"})

    monkeypatch.setattr(Provider, "begin_sign_in", begin)
    await browser.sign_in("chef")
    away = await browser.get("/connections/mail/sign-in")
    back = "/connections/-/signed-in"
    assert (away.status, away.location) == (303, f"https://login.example/?to={browser.origin}{back}")
    done = await browser.get(f"{back}?code={CANARY}&state=s")
    assert (done.status, done.location) == (303, "/connections#mail")
    assert (await browser.get("/connections")).says("The sign-in counts.")
    assert any(path.is_file() for path in (house.folder / "calsync.db.vault").rglob("*"))
    await ended(site.works)  # the connection is being checked
    again = await browser.get(f"{back}?code=x&state=s")  # it is used up
    assert again.status == 400
    audit = await office.store.settings.audit(9)
    assert ("Chef", "signed_in", "mail") in [(one.who, one.what, one.after) for one in audit]


async def test_a_sign_in_that_fails_is_told(browser: Browser, office: Office, chef: Person) -> None:
    await browser.sign_in("chef")
    failed = await browser.get("/connections/crm/sign-in")  # nobody signs in there
    assert (failed.status, failed.says("The sign-in did not work")) == (400, True)


async def test_a_connection_is_added_changed_and_removed_by_its_form(
    browser: Browser, office: Office, house: House, site: Site, chef: Person
) -> None:
    await browser.sign_in("chef")
    assert (await browser.get("/add/connection")).says("memory")
    at = "/add/connection?provider=memory"
    wrong = await browser.post("/add/connection", {**FORM, "url": "ftp://x", "size": ""}, at=at)
    assert (wrong.status, wrong.says("Please fill this in.")) == (400, True)
    assert 'aria-invalid="true"' in wrong.text
    assert CANARY not in wrong.text
    added = await browser.post("/add/connection", FORM, at=at)
    assert (added.status, added.location) == (303, "/connections")
    assert config(house).connections["post"].settings["secret"] == CANARY
    edit = "/connections/post/edit"
    page = await browser.get(edit)
    assert page.says("https://mail.example.de")
    assert CANARY not in page.text
    changed = {"url": FORM["url"], "secret": "", "size": "4"}
    assert (await browser.post(edit, changed, at=edit)).location == "/connections"
    await ended(site.works)  # the connection is being checked
    assert config(house).connections["post"].settings["size"] == "4"
    assert config(house).connections["post"].settings["secret"] == CANARY
    exported = await browser.get("/connections/-/export")
    assert exported.headers["Content-Disposition"].startswith("attachment")
    assert ("post:" in exported.text, CANARY in exported.text) == (True, False)
    assert (await browser.post("/connections/post/remove", {}, at=edit)).location == "/connections"
    assert "post" not in config(house).connections


async def test_why_a_form_is_not_kept_stands_above_it_with_what_was_filled_in(
    browser: Browser, house: House, chef: Person
) -> None:
    file = house.folder / "calsync.yaml"
    file.write_text(re.sub(r"key: [^,]+, ", "", file.read_text()))
    await browser.sign_in("chef")
    at = "/add/connection?provider=memory"
    refused = await browser.post("/add/connection", FORM, at=at)
    assert (refused.status, refused.says("service.key"), refused.says(FORM["url"])) == (400, True, True)
    assert CANARY not in refused.text


async def test_an_account_is_added_changed_and_removed_by_both_forms(
    browser: Browser, office: Office, house: House, chef: Person
) -> None:
    await browser.sign_in("chef")
    assert (await browser.get("/add/account")).says("Between which two systems?")
    at = "/add/account?left=crm&right=mail"
    fields = {
        "name": "carla",
        "left.connection": "crm",
        "right.connection": "mail",
        "left.name": "carla-crm",
        "right.name": "carla-mail",
        "direction": "left_to_right",
        "timezone": "Europe/Berlin",
    }
    wrong = await browser.post("/add/account", {**fields, "timezone": "Europe/Berlim"}, at=at)
    assert (wrong.status, wrong.says("carla-mail")) == (400, True)
    taken = await browser.post("/add/account", {**fields, "name": "anna"}, at=at)
    assert taken.says("There is an account of this name already.")
    assert (await browser.post("/add/account", {**fields, "first_sync": "later"}, at=at)).says("first_sync")
    asking = {**fields, "first_sync": "ask"}
    assert (await browser.post("/add/account", asking, at=at)).location == "/accounts"
    carla = config(house).accounts["carla"]
    assert (carla.direction, carla.first_sync) == ("left_to_right", "ask")
    file = house.folder / "calsync.db.yaml"
    file.write_text(
        file.read_text().replace("timezone: Europe/Berlin", "timezone: Europe/Berlin\n    policy: hold")
    )
    edit = "/accounts/carla/edit"
    page = await browser.get(edit)
    assert page.says("carla-mail")
    assert 'name="first_sync" value="ask" checked' in page.text
    changed = {**fields, "first_sync": "run", "direction": "both", "right.connection": "crm"}
    assert (await browser.post(edit, changed, at=edit)).location == "/accounts"
    carla = config(house).accounts["carla"]
    assert (carla.direction, carla.policy, carla.right.connection) == ("both", "hold", "mail")
    assert carla.first_sync == "run"
    assert (await browser.post("/accounts/carla/remove", {}, at=edit)).location == "/accounts"
    assert "carla" not in config(house).accounts


async def test_an_account_begins_with_flowfact_on_the_left_and_is_between_two_connections(
    browser: Browser, office: Office, chef: Person
) -> None:
    office.systems = {
        "exchange": System(connection="exchange", title="Outlook", provider="exchange_ews"),
        "flowfact": System(connection="flowfact", title="FLOWFACT", provider="flowfact"),
    }
    await browser.sign_in("chef")
    page = await browser.get("/add/account")
    assert re.findall(r'<option value="(\w+)" selected', page.text) == ["flowfact", "exchange"]
    page = await browser.get("/add/account?left=flowfact&right=flowfact")
    assert (page.status, page.says("Please choose two different connections.")) == (400, True)


async def test_what_is_wrong_is_told_in_the_readers_language(
    browser: Browser, office: Office, house: House, chef: Person
) -> None:
    browser.language = "de"
    await browser.sign_in("chef")
    assert (await browser.get("/add/connection?provider=graph")).says("Microsoft 365")
    page = await browser.get("/add/connection")
    assert page.says("Exchange Server")
    assert not page.says("Exchange Web Services")
    at = "/add/account?left=crm&right=mail"
    sides = {"left.connection": "crm", "right.connection": "mail", "right.name": "carla-mail"}
    fields = {"name": "carla", "left.name": "carla-crm", "timezone": "Europe/Berlin", **sides}

    async def told(text: str, **changes: str) -> None:
        answer = await browser.post("/add/account", {**fields, **changes}, at=at)
        assert (answer.status, answer.says(text)) == (400, True), answer.text
        assert not answer.says("must be")
        assert not answer.says("already")

    await told("Diese Zeitzone gibt es nicht.", timezone="Berlin")
    await told("Bitte nehmen Sie nur die Buchstaben a bis z", name="Änne Müller")
    await told("Ein Konto mit diesem Namen gibt es schon.", name="anna")
    await told("FLOWFACT: Dieser Kalender gehört schon zu einem anderen Konto.", **{"left.name": "anna-crm"})
    await browser.post("/add/connection", FORM, at="/add/connection?provider=memory")
    office.systems["post"] = System(connection="post", title="Post", provider="memory", kept=True)
    dora = {**fields, "name": "dora", "right.connection": "post"}
    answer = await browser.post("/add/account", dora, at="/add/account?left=crm&right=post")
    assert answer.location == "/accounts"
    used = await browser.post("/connections/post/remove", {}, at="/connections/post/edit")
    assert used.says("Diese Konten benutzen die Verbindung noch: dora.")


async def test_what_the_operator_wrote_is_not_changed_here(browser: Browser, office: Office, chef: Person) -> None:
    await browser.sign_in("chef")
    for path in ("/accounts/anna/edit", "/connections/mail/edit"):
        page = await browser.get(path)
        assert (page.status, page.says("operator")) == (404, True)
    for path in ("/accounts/anna/remove", "/accounts/anna/edit", "/connections/mail/edit"):
        assert (await browser.post(path, {}, at="/accounts")).status == 404
    for path in ("/add/connection?provider=nobodys", "/add/account?left=crm&right=nobody"):
        assert (await browser.get(path)).status == 404


async def test_what_somebody_has_edited_by_hand_is_no_mistake_of_calsync(
    browser: Browser, office: Office, house: House, chef: Person
) -> None:
    file = house.folder / "calsync.db.yaml"
    file.write_text("connections: {post: {size: '3'}}\naccounts: {carla: {left: 3, right: {connection: mail}}}\n")
    await browser.sign_in("chef")
    for path in ("/accounts/carla/edit", "/connections/post/edit"):
        assert (await browser.get(path)).status == 404
        assert (await browser.post(path, {}, at="/accounts")).status == 404


@pytest.mark.parametrize("path", SENT)
async def test_nobody_but_an_administrator_sets_anything_up(
    browser: Browser, office: Office, site: Site, anna: Person, path: str
) -> None:
    await browser.sign_in("anna")
    assert (await browser.post(path, FORM, at="/profile")).status == 403
    assert site._roles["/connections"] is Role.ADMINISTRATOR
