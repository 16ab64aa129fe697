"""Administrators find, filter and switch accounts; everybody sees the own account whole, and no other one."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from calsync.errors import LoginError, Retry
from calsync.sync.model import Direction
from calsync.values import replace
from tests.desk.office import MEETING, config

if TYPE_CHECKING:
    from calsync.people import Person
    from calsync.web.site import Site
    from tests.desk.office import Office
    from tests.web.conftest import Browser

PARTS = ("", "/activity", "/events", "/left-out", "/decisions", "/plan", "/explain", "/leave")
SENT = ("switch", "direction", "sync", "decisions", "plan", "confirm", "leave", "leave/confirm")
MAIL = "connection mail: the sign-in has ended"


def listed(text: str) -> list[str]:
    """Return the accounts in a list, in their order."""
    return re.findall(r'name="account" value="([^"]+)"', text)


async def test_administrators_see_every_account_with_what_it_needs(
    browser: Browser, office: Office, chef: Person
) -> None:
    office.left.user_create(MEETING)
    await office.run()
    await office.run("bernd", error=LoginError(MAIL))
    await browser.sign_in("chef")
    page = await browser.get("/accounts")
    assert listed(page.text) == ["bernd", "anna"]  # what fails stands above
    assert page.says("The sign-in or the credentials are not valid any more")
    assert page.says("1 event synced")
    assert page.says("FLOWFACT")


async def test_wherever_an_account_is_named_it_is_said_whose_it_is(
    browser: Browser, office: Office, anna: Person, chef: Person
) -> None:
    office.systems["mail"] = replace(office.systems["mail"], address_key="mailbox")
    own = replace(office.accounts["anna"].right, settings={"mailbox": "n.schmidt@example.de"})
    office.accounts["anna"] = replace(office.accounts["anna"], right=own)
    await browser.sign_in("chef")
    for path in ("/accounts", *(f"/accounts/anna{part}" for part in PARTS)):
        assert (await browser.get(path)).says("<small>n.schmidt@example.de, Anna</small>"), path
    assert (await browser.get("/accounts/anna")).says("<title>anna (n.schmidt@example.de, Anna)")
    assert (await browser.get("/accounts/-/switch?on=1&account=anna")).says("n.schmidt@example.de, Anna")
    assert not (await browser.get("/accounts/bernd")).says("<h1>bernd<small>")


async def test_accounts_are_searched_filtered_and_sorted(browser: Browser, office: Office, chef: Person) -> None:
    await office.run("anna")
    await office.run("bernd", error=Retry("connection crm: busy"))
    await browser.sign_in("chef")
    found = {
        "?search=NN": ["anna"],
        "?search=outl": ["bernd", "anna"],
        "?search=nobody": [],
        "?problems=1": ["bernd"],
        "?state=waiting": ["anna"],
        "?state=nonsense&order=nonsense&offset=-1": ["bernd", "anna"],
        "?order=name": ["anna", "bernd"],
        "?order=name&reverse=1": ["bernd", "anna"],
        "?order=good_at": ["bernd", "anna"],
    }
    assert {query: listed((await browser.get(f"/accounts{query}")).text) for query in found} == found
    assert 'aria-sort="descending"' in (await browser.get("/accounts?order=name&reverse=1")).text
    assert (await browser.get("/accounts?search=nobody")).says("Nothing found")


async def test_a_long_list_has_pages(browser: Browser, office: Office, chef: Person) -> None:
    office.accounts.update({f"m{number:03}": config(f"m{number:03}") for number in range(60)})
    await browser.sign_in("chef")
    first = await browser.get("/accounts?order=name")
    assert (len(listed(first.text)), first.says("1 to 50 of 62")) == (50, True)
    link = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert link is not None
    second = await browser.get(link[1].replace("&amp;", "&"))
    assert (len(listed(second.text)), second.says("51 to 62 of 62")) == (12, True)


async def test_many_accounts_are_switched_once_somebody_has_seen_how_many(
    browser: Browser, office: Office, chef: Person
) -> None:
    await browser.sign_in("chef")
    asked = await browser.get("/accounts/-/switch?on=0&every=1&search=a")
    assert asked.says("Switch 1 account off?") is False  # `a` is in FLOWFACT, too
    assert asked.says("Switch 2 accounts off?")
    assert listed(asked.text) == ["anna", "bernd"]
    assert not (await office.store.settings.get("anna")).off
    fields = [("on", "0"), ("account", "anna"), ("account", "bernd"), ("account", "gone")]
    done = await browser.post("/accounts/-/switch", fields, at="/accounts")
    assert (done.status, done.location) == (303, "/accounts")
    assert office.woken == ["anna", "bernd"]
    assert [(await office.store.settings.get(name)).off for name in ("anna", "bernd")] == [True, True]
    audit = await office.store.settings.audit(9, "anna")
    assert [(one.who, one.after) for one in audit] == [("Chef", "off")]
    one = await browser.get("/accounts/-/switch?on=1&account=anna")
    assert one.says("Switch 1 account on?")
    assert one.text.index('type="submit" class="button primary"') < one.text.index('<ul class="names"')


async def test_who_chose_no_account_is_told_above_what_is_asked_for_anew(browser: Browser, chef: Person) -> None:
    await browser.sign_in("chef")
    page = await browser.get("/accounts/-/switch?on=0&search=anna")
    assert page.status == 400
    assert listed(page.text) == ["anna"]
    live = page.text.index("data-live")
    assert 0 < page.text.find("Please choose at least one account first.") < live


async def test_a_question_about_accounts_can_be_gone_back_to(browser: Browser, chef: Person) -> None:
    """What a browser asked for by POST it shows no second time."""
    await browser.sign_in("chef")
    page = await browser.get("/accounts")
    assert re.search(r'<form method="get" action="[^"]*/accounts/-/switch" class="card listing">', page.text)
    assert "csrf" not in page.text.partition('class="card listing"')[2].partition("</form>")[0]


async def test_two_who_switch_many_accounts_at_once_both_get_what_they_are_told(
    browser: Browser, other: Browser, office: Office, chef: Person
) -> None:
    office.accounts.update({f"m{number:03}": config(f"m{number:03}") for number in range(200)})
    names = list(office.accounts)
    for one in (browser, other):
        await one.sign_in("chef")

    async def switch(who: Browser, some: list[str], on: str) -> int:
        fields = [("on", on), *(("account", name) for name in some)]
        return (await who.post("/accounts/-/switch", fields, at="/profile")).status

    both = await asyncio.gather(switch(browser, names[:150], "0"), switch(other, names[150:], "0"))
    assert set(both) == {303}
    settings = await office.store.settings.all()
    assert [name for name in names if not settings[name].off] == []
    await switch(browser, names, "1")
    assert not any(one.off for one in (await office.store.settings.all()).values())


@pytest.mark.parametrize("part", PARTS)
async def test_a_user_sees_the_own_account_and_no_other_one(
    browser: Browser, office: Office, anna: Person, part: str
) -> None:
    await browser.sign_in("anna")
    assert (await browser.get(f"/accounts/anna{part}")).status == 200
    bernd, nobody = [await browser.get(f"/accounts/{other}{part}") for other in ("bernd", "nobody")]
    assert (bernd.status, nobody.status) == (404, 404)
    assert bernd.text.replace("bernd", "nobody") == nobody.text
    for path in ("/accounts", "/connections", "/add/account", "/accounts/anna/edit"):
        assert (await browser.get(path)).status == 403


@pytest.mark.parametrize("what", SENT)
async def test_a_user_does_nothing_to_anothers_account(
    browser: Browser, office: Office, site: Site, anna: Person, what: str
) -> None:
    await browser.sign_in("anna")
    fields = {"on": "1", "direction": "both", "case": "0" * 8, "choice": "keep", "hash": "0" * 16}
    for other in ("bernd", "nobody"):
        assert (await browser.post(f"/accounts/{other}/{what}", fields, at="/profile")).status == 404
    assert office.woken == []
    assert site.works.of("plan bernd") is None
    assert site.works.of("confirm bernd") is None


async def test_an_account_tells_how_it_is_and_what_was_written(
    browser: Browser, office: Office, anna: Person
) -> None:
    event = office.left.user_create(MEETING)
    office.left.user_create(replace(MEETING, summary="Jour fixe", series=True))
    await office.run()
    office.left.user_edit(event, summary="Besichtigung <b>2</b>")
    await office.run()
    await browser.sign_in("anna")
    page = await browser.get("/accounts/anna")
    assert page.says("0 invitations sent: calsync cannot send any.")
    assert page.says("“Besichtigung <b>2</b>” was updated in Outlook from FLOWFACT: title.")
    assert "<b>2</b>" not in page.text
    assert 'role="img" aria-label="2 writes in 14 days"' in page.text
    row = re.search(r'<tr><th scope="row">2 March 2026</th>(.*?)</tr>', page.text)
    assert row is not None
    assert re.findall(r"<div>(\d+)</div>", row[1]) == ["1", "1", "0", "0"]
    assert (await browser.get("/accounts/anna/left-out")).says("Jour fixe")


async def test_activity_is_filtered_and_paged(browser: Browser, office: Office, anna: Person) -> None:
    for number in range(55):
        office.left.user_create(replace(MEETING, summary=f"Termin {number}"))
    office.right.user_create(replace(MEETING, summary="Aus Outlook"))
    await office.run()
    await browser.sign_in("anna")
    at = "/accounts/anna/activity"
    first = await browser.get(at)
    link = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert link is not None
    second = await browser.get(link[1].replace("&amp;", "&"))
    assert [text.count("was copied from") for text in (first.text, second.text)] == [50, 6]
    to_left = await browser.get(f"{at}?side=left")
    assert (to_left.says("Aus Outlook"), to_left.says("Termin 3")) == (True, False)
    assert (await browser.get(f"{at}?kind=delete")).says("Nothing happened yet")


async def test_both_sides_of_each_pair_are_shown(browser: Browser, office: Office, anna: Person) -> None:
    event = office.left.user_create(MEETING)
    await office.run()
    (copy,) = office.right.events()
    office.right.user_edit(copy, attendee_count=2)
    office.left.user_edit(event, summary="Anderer Titel")
    await office.run()
    await browser.sign_in("anna")
    page = await browser.get("/accounts/anna/events")
    assert page.says("Anderer Titel")
    assert page.says(MEETING.summary)
    assert page.says("Left alone")
    assert page.says("2 attendees")
    assert (await browser.get("/accounts/anna/events?state=parted")).says("No events")
    left_out = await browser.get("/accounts/anna/left-out?how=blocked")
    assert (left_out.says("1 left alone"), left_out.says(MEETING.summary)) == (True, True)


async def test_an_owner_switches_and_turns_the_account(browser: Browser, office: Office, anna: Person) -> None:
    await browser.sign_in("anna")
    at = "/accounts/anna"
    off = await browser.post(f"{at}/switch", {"next": "/"}, at=at)
    assert (off.status, off.location) == (303, "/")
    assert (await browser.get(at)).says("Switched off")
    away = await browser.post(f"{at}/switch", {"on": "1", "next": "//evil.example"}, at=at)
    assert away.location == "/"
    assert not (await office.store.settings.get("anna")).off
    turned = await browser.post(f"{at}/direction", {"direction": "left_to_right"}, at=at)
    assert turned.location == at
    assert (await office.store.settings.get("anna")).direction is Direction.LEFT_TO_RIGHT
    assert (await browser.post(f"{at}/direction", {"direction": "up"}, at=at)).status == 400
    await browser.post(f"{at}/sync", {}, at=at)
    assert office.woken == ["anna"] * 4
