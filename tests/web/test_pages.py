"""What people do on the pages: sign in, use an invitation, settle their own things, and look after people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from calsync.people import Person, Role
from calsync.values import replace
from tests.web.conftest import GOOD, Browser

if TYPE_CHECKING:
    from calsync.desk import Desk
    from calsync.testing import FakeClock
    from calsync.web.site import Site
    from tests.desk.office import Office

BETTER = "fünf blaue Schafe"


def link_on(text: str, origin: str) -> str:
    found = re.search(rf'value="{origin}(/invitation/[\w-]{{43}})"', text)
    assert found
    return found[1]


async def test_name_and_password_lead_to_what_was_wanted(browser: Browser, anna: Person) -> None:
    answer = await browser.post(
        "/sign-in", {"name": "ANNA", "password": GOOD, "next": "/profile"}, at="/sign-in?next=%2Fprofile"
    )
    assert (answer.status, answer.location) == (303, "/profile")
    assert (await browser.get("/profile")).says("Anna")
    assert (await browser.get("/sign-in?next=%2Fprofile")).location == "/profile"


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "/\\evil.example"])
async def test_nobody_is_led_elsewhere(browser: Browser, anna: Person, path: str) -> None:
    page = await browser.get("/sign-in?next=" + path)
    assert "evil" not in re.sub(r'name="next" value="/sign-in[^"]*"', "", page.text)
    fields = {"name": "anna", "password": GOOD, "next": path}
    assert (await browser.post("/sign-in", fields, at="/sign-in")).location == "/"


@pytest.mark.parametrize(("name", "password"), [("anna", BETTER), ("eve", GOOD), ("", ""), ("anna", "")])
async def test_what_is_wrong_is_not_told(browser: Browser, anna: Person, name: str, password: str) -> None:
    answer = await browser.sign_in(name, password)
    assert (answer.status, answer.says("Name and password do not match.")) == (403, True)
    assert browser.cookie("calsync_session") is None
    assert GOOD not in answer.text


async def test_guessing_is_slowed_down_and_the_owner_gets_in(
    browser: Browser, site: Site, anna: Person, clock: FakeClock
) -> None:
    for _ in range(3):
        await browser.sign_in("anna", "wrong password")
    began = clock.now()
    site.throttle.failed("anna", "127.0.0.1")
    assert site.throttle.delay("sender", "127.0.0.1") == 1
    import asyncio

    trying = asyncio.create_task(browser.sign_in("anna"))
    await clock.until_sleeping()
    assert not trying.done()
    clock.advance(1)
    assert (await trying).status == 303
    assert (clock.now() - began).total_seconds() == 1


async def test_an_invitation_lets_one_person_choose_a_password(
    browser: Browser, other: Browser, chef: Person
) -> None:
    await other.sign_in("chef")
    fields = {"name": "Bernd Makler", "role": "user", "account": "bernd"}
    made = await other.post("/people", fields, at="/people")
    assert made.status == 200
    assert made.says("It works once, until 9 March 2026, and")
    link = link_on(made.text, other.origin)
    page = await browser.get(link)
    assert page.says("Welcome, Bernd Makler")
    for password, again, told in [
        ("short", "short", "at least 12 characters"),
        (GOOD, BETTER, "not the same"),
    ]:
        answer = await browser.post(link, {"password": password, "again": again}, at=link)
        assert (answer.status, answer.says(told)) == (400, True)
    answer = await browser.post(link, {"password": GOOD, "again": GOOD}, at=link)
    assert (answer.status, answer.location) == (303, "/")
    assert (await browser.get("/")).says("bernd")
    over = await other.get(link)
    assert (over.status, over.says("This link was used")) == (400, True)


async def test_a_password_is_changed_by_who_knows_it(browser: Browser, other: Browser, anna: Person) -> None:
    await browser.sign_in("anna")
    await other.sign_in("anna")
    fields = {"present": BETTER, "password": BETTER, "again": BETTER}
    wrong = await browser.post("/profile/password", fields, at="/profile")
    assert (wrong.status, wrong.says("The present password is not right.")) == (400, True)
    right = await browser.post("/profile/password", {**fields, "present": GOOD}, at="/profile")
    assert (right.status, right.location) == (303, "/profile")
    assert (await browser.get("/profile")).says("The password was changed.")
    assert (await other.get("/profile")).status == 303
    assert (await other.sign_in("anna", BETTER)).status == 303


async def test_an_api_token_is_shown_once_and_revoked(browser: Browser, desk: Desk, anna: Person) -> None:
    await browser.sign_in("anna")
    made = await browser.post("/profile/tokens", {"name": "Skript"}, at="/profile")
    found = re.search(r'value="(calsync_[\w-]{43})"', made.text)
    assert found
    assert await desk.access.by_api_token(found[1]) is not None
    page = await browser.get("/profile")
    assert (page.says("Skript"), found[1] in page.text) == (True, False)
    (token,) = await desk.access.api_tokens(anna)
    await browser.post(f"/profile/tokens/{token.id}/revoke", {}, at="/profile")
    assert await desk.access.by_api_token(found[1]) is None


async def test_nobody_revokes_anothers_token(browser: Browser, desk: Desk, anna: Person, chef: Person) -> None:
    made = await desk.access.make_api_token(chef, "Skript")
    (token,) = await desk.access.api_tokens(chef)
    await browser.sign_in("anna")
    await browser.post(f"/profile/tokens/{token.id}/revoke", {}, at="/profile")
    assert await desk.access.by_api_token(made) == chef


async def test_accounts_are_given_and_taken(browser: Browser, desk: Desk, anna: Person, chef: Person) -> None:
    await browser.sign_in("chef")
    place = f"/people/{anna.id}"
    assert (await browser.post(f"{place}/give", {"account": "bernd"}, at=place)).location == place
    assert await desk.people.accounts_of(anna) == {"anna", "bernd"}
    wrong = await browser.post(f"{place}/give", {"account": "clara"}, at=place)
    assert (wrong.status, wrong.says("There is no account of this name.")) == (400, True)
    await browser.post(f"{place}/take", {"account": "anna"}, at=place)
    assert await desk.people.accounts_of(anna) == {"bernd"}


async def test_a_person_is_removed_but_not_oneself(
    browser: Browser, desk: Desk, anna: Person, chef: Person
) -> None:
    await browser.sign_in("chef")
    answer = await browser.post(f"/people/{anna.id}/remove", {}, at="/people")
    assert answer.location == "/people"
    assert [member.person.name for member in await desk.people.all()] == ["Chef"]
    oneself = await browser.post(f"/people/{chef.id}/remove", {}, at="/people")
    assert (oneself.status, oneself.says("You cannot remove yourself.")) == (400, True)


async def test_accounts_are_given_by_the_address_that_they_name(
    browser: Browser, office: Office, anna: Person, chef: Person
) -> None:
    office.systems["mail"] = replace(office.systems["mail"], address_key="mailbox")
    for name in ("anna", "bernd"):
        own = replace(office.accounts[name].right, settings={"mailbox": f"{name}@example.de"})
        office.accounts[name] = replace(office.accounts[name], right=own)
    await browser.sign_in("chef")
    offered = [f'<option value="{name}">{name}@example.de</option>' for name in ("anna", "bernd")]
    pages = [await browser.get(path) for path in ("/people", f"/people/{anna.id}")]
    assert [[page.says(option) for option in offered] for page in pages] == [[True, True], [False, True]]
    assert all(page.says("<small>anna@example.de</small>") for page in pages)


async def test_many_people_are_paged_and_searched(browser: Browser, desk: Desk, chef: Person) -> None:
    for number in range(55):
        await desk.people.invite(f"Agent {number:02}", Role.USER, ["bernd"] if number == 54 else [])
    await browser.sign_in("chef")
    first = await browser.get("/people")
    assert [first.says(text) for text in ("Agent 00", "Agent 54", "56 people", "1 to 50 of 56")] == [
        True,
        False,
        True,
        True,
    ]
    second = await browser.get("/people?offset=50")
    assert [second.says(text) for text in ("Agent 00", "Agent 54", "51 to 56 of 56")] == [False, True, True]
    for search in ("GENT 54", "bern"):
        found = await browser.get(f"/people?search={search}")
        assert [found.says(text) for text in ("Agent 54", "Agent 53", "1 person")] == [True, False, True]
    assert (await browser.get("/people?search=zoë")).says("Nobody was found.")
    assert (await browser.get("/people?offset=x")).says("Agent 00")


async def test_a_name_that_is_there_is_not_invited_by_mistake(
    browser: Browser, desk: Desk, anna: Person, chef: Person
) -> None:
    await browser.sign_in("chef")
    answer = await browser.post("/people", {"name": "anna", "role": "administrator"}, at="/people")
    assert (answer.status, answer.says("Somebody of this name is here already.")) == (400, True)
    assert (await desk.people.named("anna")).role is Role.USER


async def test_a_new_link_lets_somebody_in_again(browser: Browser, desk: Desk, anna: Person, chef: Person) -> None:
    await browser.sign_in("chef")
    page = await browser.post(f"/people/{anna.id}/invite", {}, at="/people")
    secret = link_on(page.text, browser.origin).rpartition("/")[2]
    assert (await desk.access.invited(secret)).id == anna.id
    own = await browser.post(f"/people/{chef.id}/invite", {}, at="/people")
    assert (own.status, (await desk.people.named("chef")).administrator) == (200, True)


async def test_what_was_filled_in_stays_and_what_is_wrong_stands_at_its_field(
    browser: Browser, chef: Person
) -> None:
    await browser.sign_in("chef")
    filled = {"name": "Bernd", "role": "administrator", "account": "nobodys"}
    page = await browser.post("/people", filled, at="/people")
    assert page.status == 400
    assert page.text.count('class="problem"') == 1
    assert 'id="account-problem"' in page.text
    for value in ("Bernd", "nobodys"):
        assert f'value="{value}"' in page.text
    assert 'value="administrator" checked' in page.text


async def test_without_a_registration_there_is_no_microsoft_account(browser: Browser) -> None:
    assert not (await browser.get("/sign-in")).says("Microsoft")
    for path in ("/sign-in/microsoft", "/sign-in/microsoft/back?code=x&state=y"):
        assert (await browser.get(path)).status == 404
