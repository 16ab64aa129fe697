"""One card for each problem, with what helps; it vanishes with its cause."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from calsync.desk.repairs import Disabled
from calsync.errors import AccountError, LoginError, OtherSync
from calsync.values import replace
from tests.desk.office import MEETING, config

if TYPE_CHECKING:
    from calsync.people import Person
    from tests.desk.office import Office
    from tests.web.conftest import Browser

MAIL = "connection mail: the sign-in has ended"


async def test_where_nothing_is_wrong_the_page_says_so(browser: Browser, anna: Person) -> None:
    await browser.sign_in("anna")
    assert (await browser.get("/repairs")).says("Everything runs")


async def test_where_nothing_is_set_up_nothing_is_said_to_run(
    browser: Browser, other: Browser, office: Office, anna: Person, chef: Person
) -> None:
    office.accounts.clear()
    for name, one in (("chef", browser), ("anna", other)):
        await one.sign_in(name)
        page = await one.get("/repairs")
        assert (page.says("No calendar is set up yet"), page.says("Everything runs")) == (True, False)


async def test_a_lost_sign_in_is_one_card_for_all_its_accounts_with_a_way_to_sign_in(
    browser: Browser, office: Office, chef: Person
) -> None:
    for name in ("anna", "bernd"):
        await office.run(name, error=LoginError(MAIL))
    await browser.sign_in("chef")
    page = await browser.get("/repairs")
    assert page.text.count("<article") == 1
    assert page.says("The sign-in to Outlook is not valid any more.")
    assert page.says("2 accounts")
    assert 'href="/connections/mail/sign-in"' in page.text
    await office.run("anna")
    await office.run("bernd")
    assert (await browser.get("/repairs")).says("Everything runs")


async def test_an_owner_is_told_who_helps_where_an_administrator_must(
    browser: Browser, office: Office, anna: Person
) -> None:
    await office.run("anna", error=LoginError(MAIL))
    await browser.sign_in("anna")
    page = await browser.get("/repairs")
    assert page.says("Your administrator does this.")
    assert "/connections" not in page.text


async def test_a_user_sees_no_cards_of_others(browser: Browser, office: Office, anna: Person) -> None:
    await office.run("bernd", error=AccountError("account bernd: no such mailbox"))
    office.disabled.append(Disabled(connection="old", problem="connections.old: there is no provider 'x'"))
    await browser.sign_in("anna")
    assert (await browser.get("/repairs")).says("Everything runs")


async def test_each_card_has_the_button_that_helps(browser: Browser, office: Office, chef: Person) -> None:
    await office.run("anna", error=OtherSync("account anna: FLOWFACT syncs this calendar, too"))
    await office.run("bernd", error=AccountError("account bernd: no such mailbox"))
    office.disabled.append(Disabled(connection="old", problem="connections.old: there is no provider 'x'"))
    await browser.sign_in("chef")
    page = await browser.get("/repairs")
    assert page.says("Another program syncs the calendar of this account, too.")
    assert 'action="/accounts/anna/sync"' in page.text
    assert page.says("This stands in the operator's file.")
    assert "/accounts/bernd/edit" not in page.text
    assert 'href="/connections/old/edit"' in page.text
    tried = await browser.post("/accounts/anna/sync", {"next": "/repairs"}, at="/repairs")
    assert (tried.location, office.woken) == ("/repairs", ["anna"])


async def test_what_was_added_on_the_pages_is_corrected_there(
    browser: Browser, office: Office, chef: Person
) -> None:
    office.accounts["bernd"] = replace(office.accounts["bernd"], kept=True)
    await office.run("bernd", error=AccountError("account bernd: no such mailbox"))
    await browser.sign_in("chef")
    assert 'href="/accounts/bernd/edit"' in (await browser.get("/repairs")).text


async def test_an_unusable_entry_says_why_in_the_readers_language(
    browser: Browser, office: Office, chef: Person
) -> None:
    office.disabled.append(Disabled(account="zoe", why="calendar", problem="this calendar stands in line 7 too"))
    browser.language = "de"
    await browser.sign_in("chef")
    for path in ("/repairs", "/connections"):
        assert (await browser.get(path)).says("Sein Kalender gehört schon zu einem anderen Konto."), path


async def test_many_accounts_with_the_same_problem_are_one_card_and_all_of_them_can_be_reached(
    browser: Browser, office: Office, chef: Person
) -> None:
    names = [f"makler-{number:03}" for number in range(120)]
    office.accounts |= {name: config(name, kept=True) for name in names}
    for name in names:
        await office.run(name, error=AccountError(f"account {name}: no such mailbox"))
    await browser.sign_in("chef")
    page = await browser.get("/repairs")
    assert page.text.count("<article") == 1
    assert page.says("120 accounts: A calendar cannot be used.")
    assert page.says("One thing needs you.")
    assert re.search(r'id="repairs-count"[^>]*>1<', page.text)  # the navigation counts as the page does
    assert page.text.count("no such mailbox") == 10
    found = re.search(r'href="(/repairs\?alike=\w+)"', page.text)
    assert found
    seen, path = [], found[1]
    while path:
        page = await browser.get(path)
        seen += re.findall(r'href="/accounts/(makler-\d+)/edit"', page.text)
        following = re.search(r'rel="next" href="([^"]+)"', page.text)
        path = html.unescape(following[1]) if following else ""
    assert sorted(seen) == names


async def test_another_calendar_than_so_far_is_told_for_what_it_is(
    browser: Browser, office: Office, chef: Person
) -> None:
    await office.run()
    office.right.key = "another"
    await office.run()
    browser.language = "de"
    await browser.sign_in("chef")
    assert (await browser.get("/repairs")).says("Ein Kalender ist nicht mehr derselbe wie bisher.")


async def test_attendees_that_were_added_lead_to_the_events(
    browser: Browser, office: Office, anna: Person
) -> None:
    event = office.left.user_create(MEETING)
    await office.run()
    (copy,) = office.right.events()
    office.right.user_edit(copy, attendee_count=2)
    office.left.user_edit(event, summary="Neu")
    await office.run()
    await browser.sign_in("anna")
    for at in ("/repairs", "/accounts/anna"):
        page = await browser.get(at)
        assert page.says("calsync does not change this in Outlook: 1 event.")
        assert page.says("Please change it in Outlook")
        assert 'href="/accounts/anna/left-out?how=blocked"' in page.text
    office.right.user_edit(copy, attendee_count=0)
    await office.run()
    assert (await browser.get("/repairs")).says("Everything runs")


async def test_cards_are_in_the_readers_language(browser: Browser, office: Office, anna: Person) -> None:
    office.accounts["anna"] = replace(office.accounts["anna"], policy="hold")
    await office.run("anna", error=OtherSync("account anna: FLOWFACT syncs this calendar, too"))
    browser.language = "de"
    await browser.sign_in("anna")
    page = await browser.get("/repairs")
    assert page.says("Ein anderes Programm synchronisiert den Kalender dieses Kontos auch.")
    assert page.says("Jetzt erneut versuchen")
