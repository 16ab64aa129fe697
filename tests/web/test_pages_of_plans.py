"""A plan is confirmed as it was seen; one that is another by now is shown, with what has moved."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from calsync.values import replace
from tests.desk.office import MEETING
from tests.web.conftest import ended

if TYPE_CHECKING:
    from calsync.people import Person
    from calsync.web.site import Site
    from tests.desk.office import Office
    from tests.web.conftest import Browser

AT = "/accounts/anna/plan"
CONFIRM = "/accounts/anna/confirm"


def hash_of(text: str) -> str:
    (found,) = re.findall(r'name="hash" value="([0-9a-f]{16})"', text)
    return str(found)


async def waiting(office: Office) -> None:
    """Let the account's first sync wait for a person."""
    office.accounts["anna"] = replace(office.accounts["anna"], first_sync="ask")
    office.left.user_create(MEETING)
    await office.run()
    assert office.right.events() == {}


async def looked(browser: Browser, site: Site) -> str:
    await browser.post(AT, {}, at=AT)
    await ended(site.works)
    return (await browser.get(AT)).text


async def confirmed(browser: Browser, site: Site, plan_hash: str) -> str:
    await browser.post(CONFIRM, {"hash": plan_hash}, at=AT)
    await ended(site.works)
    return (await browser.get(AT)).text


async def test_each_page_of_an_account_leads_to_its_preview(browser: Browser, anna: Person) -> None:
    await browser.sign_in("anna")
    for path in ("", "/activity", "/events", "/left-out", "/explain", "/plan"):
        page = await browser.get(f"/accounts/anna{path}")
        assert re.search(rf'href="{AT}"( aria-current="page")?>Preview', page.text), path


async def test_what_was_seen_is_confirmed(browser: Browser, office: Office, site: Site, anna: Person) -> None:
    await waiting(office)
    await browser.sign_in("anna")
    text = await looked(browser, site)
    assert f"“{MEETING.summary}” is created in Outlook." in text
    assert "Confirmed." in await confirmed(browser, site, hash_of(text))
    await office.run()
    assert len(office.right.events()) == 1


async def test_a_plan_that_is_another_by_now_is_shown_instead(
    browser: Browser, office: Office, site: Site, anna: Person
) -> None:
    await waiting(office)
    await browser.sign_in("anna")
    seen = hash_of(await looked(browser, site))
    office.left.user_create(replace(MEETING, summary="dazu"))
    text = await confirmed(browser, site, seen)
    assert "The plan is another one by now. Nothing was written." in text
    assert re.search(r"<span>dazu<small>.*</small></span> <span class=\"badge warn\">added</span>", text)
    assert "“dazu” is created in Outlook." in text
    await office.run()
    assert office.right.events() == {}
    again = hash_of(text)
    assert again != seen
    assert "Confirmed." in await confirmed(browser, site, again)
    await office.run()
    assert len(office.right.events()) == 2


async def test_others_are_not_told_what_has_moved(
    browser: Browser, office: Office, site: Site, chef: Person
) -> None:
    await waiting(office)
    await browser.sign_in("chef")
    seen = hash_of(await looked(browser, site))
    office.left.user_create(replace(MEETING, summary="Zahnarzt", private=True))
    text = await confirmed(browser, site, seen)
    assert "The plan is another one by now." in text
    assert "Zahnarzt" not in text


async def test_what_does_not_wait_any_more_is_not_confirmed(
    browser: Browser, office: Office, site: Site, anna: Person
) -> None:
    await waiting(office)
    await browser.sign_in("anna")
    seen = hash_of(await looked(browser, site))
    assert "Confirmed." in await confirmed(browser, site, seen)
    assert "Not yet:" in await confirmed(browser, site, (await office.plan("anna")).plan.hash)
