"""From every list one gets to the life of an appointment; strangers get nowhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from calsync.desk.decisions import waiting
from calsync.values import replace
from tests.desk.office import MEETING

if TYPE_CHECKING:
    from calsync.people import Person
    from tests.desk.office import Office
    from tests.web.conftest import Answer, Browser

AT = "/accounts/anna/explain"


def ways(page: Answer) -> list[str]:
    """Return where the page's links to single appointments lead."""
    return [way.replace("&amp;", "&") for way in re.findall(r'class="why" href="([^"]+)"', page.text)]


async def test_from_each_list_one_gets_to_the_life_of_an_appointment(
    browser: Browser, office: Office, anna: Person
) -> None:
    office.accounts["anna"] = replace(office.accounts["anna"], policy="hold")
    event = office.left.user_create(MEETING)
    office.left.user_create(replace(MEETING, summary="Jour fixe", series=True))
    await office.run()
    (copy,) = office.right.events()
    office.left.user_edit(event, summary="links")
    office.right.user_edit(copy, summary="rechts")
    await office.run()
    assert len(await waiting(office.store, "anna", office.accounts["anna"].direction, office.clock.now())) == 1
    await browser.sign_in("anna")
    for part in ("", "/activity", "/events", "/left-out", "/decisions"):
        found = ways(await browser.get(f"/accounts/anna{part}"))
        assert found, part
        for way in found:
            page = await browser.get(way)
            assert page.says("What happened"), (part, way)
            assert page.says("is in FLOWFACT")


async def test_an_appointment_is_found_by_its_title(browser: Browser, office: Office, anna: Person) -> None:
    office.left.user_create(MEETING)
    office.left.user_create(replace(MEETING, summary="Besichtigung <b>zwei</b>"))
    await office.run()
    await browser.sign_in("anna")
    assert (await browser.get(AT)).says("Look for an appointment by its title")
    several = await browser.get(f"{AT}?words=besichtigung")
    assert several.says("2 events are found")
    assert "<b>zwei</b>" not in several.text
    assert len(ways(several)) == 2
    one = await browser.get(f"{AT}?words=zwei")
    assert one.says("calsync copied it from FLOWFACT to Outlook")
    assert (await browser.get(f"{AT}?words=Zahnarzt")).says("Nothing found")
    assert (await browser.get(f"{AT}?event=nobody&side=left")).says("Nothing found")


async def test_nobody_gets_to_see_another_ones(browser: Browser, office: Office, anna: Person) -> None:
    event = office.left.user_create(MEETING)
    await office.run()
    await office.run("bernd")
    await browser.sign_in("anna")
    assert (await browser.get("/accounts/bernd/explain?words=x")).status == 404
    assert (await browser.get(f"{AT}?event={event}")).status == 200


@pytest.mark.parametrize("query", ["event=%00&side=left", "side=nonsense&event=x", f"words={'x' * 5000}"])
async def test_nonsense_finds_nothing(browser: Browser, office: Office, anna: Person, query: str) -> None:
    await office.run()
    await browser.sign_in("anna")
    assert (await browser.get(f"{AT}?{query}")).says("Nothing found")
