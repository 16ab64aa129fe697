"""No page and no answer of the API tells an administrator what somebody's private appointments are."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.sync.model import Timed
from calsync.testing.clock import START
from calsync.values import replace
from tests.desk.office import MEETING
from tests.web.conftest import ended

if TYPE_CHECKING:
    from calsync.desk import Desk
    from calsync.people import Person
    from calsync.web.site import Site
    from tests.desk.office import Office
    from tests.web.conftest import Browser

PLACES = ("", "/activity", "/events", "/left-out", "/decisions", "/plan")
LISTS = ("activity", "left-out", "holds")


@pytest.fixture
async def private(office: Office, anna: Person) -> None:
    """Let a private appointment be synced, and differ; let one be a series, and one be in a plan."""
    del anna
    office.accounts["anna"] = replace(office.accounts["anna"], policy="hold")
    dentist = replace(MEETING, summary="Zahnarzt", description="Wurzelbehandlung", private=True)
    event = office.left.user_create(dentist)
    office.left.user_create(replace(dentist, summary="Zahnarzt wöchentlich", series=True))
    await office.run()
    (copy,) = office.right.events()
    office.left.user_edit(event, summary="Zahnarzt um acht")
    office.right.user_edit(copy, summary="Zahnarzt um neun", private=False)
    await office.run()
    later = Timed(START + timedelta(days=5), START + timedelta(days=5, hours=1))
    office.right.user_create(replace(dentist, summary="Zahnarzt, Kontrolle", when=later))


@pytest.mark.usefixtures("private")
async def test_pages_tell_it_to_the_owner_alone(
    browser: Browser, other: Browser, site: Site, chef: Person
) -> None:
    await browser.sign_in("anna")
    await other.sign_in("chef")
    await browser.post("/accounts/anna/plan", {}, at="/accounts/anna/plan")  # the same plan is shown to both
    await ended(site.works)
    for place in PLACES:
        own, others = [await each.get(f"/accounts/anna{place}") for each in (browser, other)]
        assert (own.status, own.says("Zahnarzt")) == (200, True), place
        assert (others.status, others.says("Privat")) == (200, True), place
        for word in ("Zahnarzt", "Wurzelbehandlung"):
            assert not others.says(word), place


@pytest.mark.usefixtures("private")
async def test_the_api_tells_it_to_the_owner_alone(
    browser: Browser, desk: Desk, anna: Person, chef: Person
) -> None:
    for person, told in ((anna, True), (chef, False)):
        token = await desk.access.make_api_token(person, "Programm")
        for name in LISTS:
            answer = await browser.get(f"/api/v1/accounts/anna/{name}", Authorization=f"Bearer {token}")
            assert answer.status == 200
            assert ("Zahnarzt" in answer.text) is told, name
            assert ("Wurzelbehandlung" in answer.text) <= told, name
        headers = {"Authorization": f"Bearer {token}"}
        plan = await browser.ask("POST", "/api/v1/accounts/anna/plan", headers=headers)
        assert (plan.status, "Zahnarzt" in plan.text) == (200, told)
