"""Administrators see who changed what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.people import Person, Role
from calsync.records import AuditEntry
from calsync.sync.model import Direction
from calsync.values import replace
from tests.web.conftest import person
from tests.web.test_strangers import sent

if TYPE_CHECKING:
    from calsync.desk import Desk
    from calsync.store import SqliteStore
    from calsync.testing import FakeClock
    from tests.desk.office import Office
    from tests.web.conftest import Browser


async def test_who_switched_what_is_told_the_newest_first(
    browser: Browser, desk: Desk, anna: Person, chef: Person
) -> None:
    await desk.steering.switch(anna, "anna", on=False)
    await desk.steering.direct(chef, "bernd", Direction.LEFT_TO_RIGHT)
    await browser.sign_in("chef")
    assert (await browser.get("/people")).says('href="/audit"')
    page = await browser.get("/audit")
    sentences = ["Chef had bernd sync from FLOWFACT to Outlook only.", "Anna switched anna (Anna) off."]
    places = [page.text.index(one) for one in sentences]
    assert places == sorted(places)
    browser.language = "de"
    assert (await browser.get("/audit")).says("Anna hat anna (Anna) ausgeschaltet.")


async def test_a_change_tells_whose_account_it_was_about(
    browser: Browser, desk: Desk, office: Office, anna: Person, chef: Person
) -> None:
    office.systems["mail"] = replace(office.systems["mail"], address_key="mailbox")
    own = replace(office.accounts["anna"].right, settings={"mailbox": "n.schmidt@example.de"})
    office.accounts["anna"] = replace(office.accounts["anna"], right=own)
    await desk.steering.switch(chef, "anna", on=False)
    await desk.audit.set_up(chef, "account_changed", "anna")
    await desk.audit.set_up(chef, "account_removed", "carla")
    await browser.sign_in("chef")
    page = await browser.get("/audit")
    assert page.says("Chef switched anna (n.schmidt@example.de, Anna) off.")
    assert page.says("Chef changed the account anna (n.schmidt@example.de, Anna).")
    assert page.says("Chef removed the account carla.")


async def test_it_is_told_of_one_account(browser: Browser, desk: Desk, anna: Person, chef: Person) -> None:
    await desk.steering.switch(chef, "anna", on=False)
    await desk.steering.switch(chef, "bernd", on=False)
    await browser.sign_in("chef")
    page = await browser.get("/audit?account=bernd")
    assert (page.says("Chef switched bernd off."), page.says("Chef switched anna off.")) == (True, False)
    assert (await browser.get("/accounts/bernd")).says('href="/audit?account=bernd"')
    nothing = await browser.get("/audit?account=%3Cb%3E")
    assert (nothing.status, nothing.says("Nothing was changed yet"), "<b>" in nothing.text) == (200, True, False)


async def test_users_see_none_of_it(browser: Browser, anna: Person) -> None:
    await browser.sign_in("anna")
    assert (await browser.get("/audit")).status == 403
    assert not (await browser.get("/accounts/anna")).says("/audit")


async def test_only_the_last_are_shown(
    browser: Browser, store: SqliteStore, chef: Person, clock: FakeClock
) -> None:
    for number in range(201):
        after, now = f"Nr-{number}-", clock.now()
        entry = AuditEntry(at=now, who="Petra", account=None, what="token_made", before=None, after=after)
        await store.settings.note(entry)
    await browser.sign_in("chef")
    page = await browser.get("/audit")
    assert (page.says("Nr-200-"), page.says("Nr-1-"), page.says("Nr-0-")) == (True, True, False)


@pytest.mark.parametrize("path", [b"/audit?account=\xff", b"/audit?account=%FF", b"/accounts?search=\xff"])
async def test_an_account_that_is_no_text_is_none(browser: Browser, desk: Desk, path: bytes) -> None:
    await person(desk, "Chefin", Role.ADMINISTRATOR)
    await browser.sign_in("Chefin")
    cookie = "; ".join(f"{one.key}={one.value}" for one in browser.client.cookie_jar)
    assert await sent(browser, b"GET " + path, Cookie=cookie.encode()) < 500
