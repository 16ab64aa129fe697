"""An account leaves as somebody saw it would: shown first, done once, and told to nobody whose it is not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from calsync.sync.model import Direction, Side
from calsync.values import replace
from tests.desk.office import MEETING
from tests.web.conftest import ended

if TYPE_CHECKING:
    from calsync.people import Person
    from calsync.web.site import Site
    from tests.desk.office import Office
    from tests.web.conftest import Browser

AT = "/accounts/anna/leave"


def confirming(text: str) -> dict[str, str]:
    """Return what the button that confirms sends."""
    form = text.partition(f'{AT}/confirm"')[2]
    return dict(re.findall(r'name="(hash|remove)" value="([^"]+)"', form)[:2])


async def looked(browser: Browser, site: Site, remove: str) -> str:
    """Ask what leaving would do, and return the page that shows it."""
    await browser.post(AT, {"remove": remove}, at=AT)
    await ended(site.works)
    return (await browser.get(AT)).text


async def test_copies_are_removed_as_they_were_shown(
    browser: Browser, office: Office, site: Site, anna: Person
) -> None:
    office.left.user_create(MEETING)
    office.left.user_create(replace(MEETING, summary="bleibt"))
    await office.run()
    edited = next(key for key, event in office.right.events().items() if event.summary == "bleibt")
    office.right.user_edit(edited, description="von Hand")
    await browser.sign_in("anna")
    page = await browser.get("/accounts/anna")
    assert page.says(f'href="{AT}"')
    text = await looked(browser, site, "right")
    assert f"“{MEETING.summary}” is deleted in Outlook." in text
    assert f"<del>{MEETING.description}</del>" in text
    assert "It stays: somebody has edited this copy" in text
    assert len(office.right.events()) == 2
    await browser.post(f"{AT}/confirm", confirming(text), at=AT)
    await ended(site.works)
    page = await browser.get(AT)
    assert page.says("The account has left calsync.")
    assert page.says("calsync undo --account anna --run 3")
    assert [event.summary for event in office.right.events().values()] == ["bleibt"]
    assert office.right.markers() == {}
    assert (await office.store.settings.get("anna")).off
    noted = [(entry.who, entry.what, entry.after) for entry in await office.store.settings.audit(9, "anna")]
    assert noted[1:] == [("Anna", "enabled", "off"), ("Anna", "left", "right")]


async def test_what_has_changed_since_is_shown_again(
    browser: Browser, office: Office, site: Site, anna: Person
) -> None:
    office.left.user_create(MEETING)
    await office.run()
    await browser.sign_in("anna")
    text = await looked(browser, site, "right")
    (copy,) = office.right.events()
    office.right.user_edit(copy, summary="anders")
    await browser.post(f"{AT}/confirm", confirming(text), at=AT)
    await ended(site.works)
    assert (await browser.get(AT)).says("What leaving would do has changed meanwhile")
    assert list(office.right.events()) == [copy]
    assert not (await office.store.settings.get("anna")).off


async def test_what_keeps_its_marker_is_told(browser: Browser, office: Office, site: Site, anna: Person) -> None:
    office.left.user_create(MEETING)
    await office.run()
    (copy,) = office.right.events()
    office.right.user_edit(copy, attendee_count=2)
    await browser.sign_in("anna")
    await browser.post(f"{AT}/confirm", confirming(await looked(browser, site, "none")), at=AT)
    await ended(site.works)
    assert (await browser.get(AT)).says("These appointments keep calsync's marker:")
    assert office.right.mails == 0


async def test_only_a_side_that_is_written_is_offered(browser: Browser, office: Office, anna: Person) -> None:
    office.accounts["anna"] = replace(office.accounts["anna"], direction=Direction.LEFT_TO_RIGHT)
    await browser.sign_in("anna")
    text = (await browser.get(AT)).text
    assert [f'value="{side}"' in text for side in Side] == [False, True]
    assert (await browser.post(AT, {"remove": "both"}, at=AT)).status == 400


async def test_a_private_appointment_is_shown_to_its_owner_alone(
    browser: Browser, other: Browser, office: Office, site: Site, anna: Person, chef: Person
) -> None:
    office.left.user_create(replace(MEETING, summary="Zahnarzt", private=True))
    await office.run()
    await browser.sign_in("anna")
    await other.sign_in("chef")
    text = await looked(browser, site, "right")
    assert "Zahnarzt" in text
    page = await other.get(AT)
    assert (page.says("Zahnarzt"), page.says("Privat")) == (False, True)
