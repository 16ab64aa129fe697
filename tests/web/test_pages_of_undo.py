"""What calsync wrote is undone as somebody saw it would be: shown first, done once, and nobody else's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from calsync.sync.model import Side
from calsync.values import replace
from tests.desk.office import MEETING
from tests.web.conftest import ended

if TYPE_CHECKING:
    from calsync.people import Person
    from calsync.web.site import Site
    from tests.desk.office import Office
    from tests.web.conftest import Browser

AT = "/accounts/anna/undo"


def confirming(text: str) -> dict[str, str]:
    """Return what the button that confirms sends."""
    form = text.partition(f'{AT}/confirm"')[2].partition("</form>")[0]
    return dict(re.findall(r'name="(hash|what|since)" value="([^"]+)"', form))


async def looked(browser: Browser, site: Site, **form: str) -> str:
    """Ask what undoing would do, and return the page that shows it."""
    await browser.post(AT, form, at=AT)
    await ended(site.works)
    return (await browser.get(AT)).text


async def confirmed(browser: Browser, site: Site, text: str) -> str:
    """Confirm what a page shows, and return the page that tells what came of it."""
    await browser.post(f"{AT}/confirm", confirming(text), at=AT)
    await ended(site.works)
    return (await browser.get(AT)).text


async def last_write(office: Office) -> int:
    return (await office.showing.activity(office.boss, "anna", kind="update")).rows[0].number


async def test_a_write_is_undone_as_it_was_shown(
    browser: Browser, office: Office, site: Site, anna: Person
) -> None:
    original = office.left.user_create(MEETING)
    await office.run()
    office.left.user_edit(original, summary="verlegt")
    await office.run()
    number = await last_write(office)
    await browser.sign_in("anna")
    page = await browser.get("/accounts/anna/activity")
    assert page.says(f'href="{AT}?write={number}"')
    assert (await browser.get(f"{AT}?write={number}")).says(f'value="write:{number}" checked')
    text = await looked(browser, site, what=f"write:{number}")
    assert "“verlegt” is updated in Outlook: title." in text
    assert f"<del>verlegt</del> <ins>{MEETING.summary}</ins>" in text
    assert [event.summary for event in office.right.events().values()] == ["verlegt"]
    text = await confirmed(browser, site, text)
    assert "former values in Outlook" in text
    assert [event.summary for event in office.right.events().values()] == [MEETING.summary]
    assert [event.summary for event in office.left.events().values()] == ["verlegt"]
    assert (await office.run()).counts[Side.RIGHT].writes == 0
    noted = [(entry.who, entry.what) for entry in await office.store.settings.audit(9, "anna")]
    assert noted[1:] == [("Anna", "undone")]


async def test_a_run_is_undone_but_for_what_somebody_has_edited(
    browser: Browser, office: Office, site: Site, anna: Person
) -> None:
    office.left.user_create(MEETING)
    office.left.user_create(replace(MEETING, summary="bleibt"))
    report = await office.run()
    edited = next(key for key, event in office.right.events().items() if event.summary == "bleibt")
    office.right.user_edit(edited, description="von Hand")
    await browser.sign_in("anna")
    assert (await browser.get("/accounts/anna")).says(f'href="{AT}?run={report.number}"')
    text = await looked(browser, site, what=f"run:{report.number}")
    assert f"“{MEETING.summary}” is deleted in Outlook." in text
    assert "It is not undone: it was edited since" in text
    assert "“bleibt”" in text
    text = await confirmed(browser, site, text)
    assert "removed in Outlook" in text
    assert [event.summary for event in office.right.events().values()] == ["bleibt"]
    assert len(office.left.events()) == 2


async def test_everything_since_a_moment_is_undone_and_what_was_deleted_is_made_anew(
    browser: Browser, office: Office, site: Site, anna: Person
) -> None:
    original = office.left.user_create(MEETING)
    await office.run()
    office.left.user_delete(original)
    office.clock.advance(3600)
    since = office.clock.now().astimezone(office.accounts["anna"].timezone)
    await office.run(times=3)
    assert office.right.events() == {}
    await browser.sign_in("anna")
    text = await looked(browser, site, what="since", since=since.strftime("%Y-%m-%dT%H:%M"))
    assert f"“{MEETING.summary}” is created in Outlook." in text
    assert "Attachments, categories and the appointment type stay with the deleted one" in text
    text = await confirmed(browser, site, text)
    assert "Attachments, categories and the appointment type have stayed with the deleted one" in text
    assert [event.summary for event in office.right.events().values()] == [MEETING.summary]


async def test_what_the_world_has_overtaken_is_not_done_and_shown_anew(
    browser: Browser, office: Office, site: Site, anna: Person
) -> None:
    for name in ("eins", "zwei"):
        office.left.user_create(replace(MEETING, summary=name))
    report = await office.run()
    await browser.sign_in("anna")
    text = await looked(browser, site, what=f"run:{report.number}")
    before = confirming(text)
    edited = next(key for key, event in office.right.events().items() if event.summary == "zwei")
    office.right.user_edit(edited, summary="anders")
    text = await confirmed(browser, site, text)
    assert "Something has changed since you looked. Nothing was undone." in text
    assert sorted(event.summary for event in office.right.events().values()) == ["anders", "eins"]
    assert "“eins” is deleted in Outlook." in text
    assert "“anders” is deleted in Outlook." not in text
    assert confirming(text)["hash"] != before["hash"]
    await confirmed(browser, site, text)
    assert [event.summary for event in office.right.events().values()] == ["anders"]


async def test_undoing_an_undo_says_that_the_copy_is_made_again(
    browser: Browser, office: Office, site: Site, anna: Person
) -> None:
    office.left.user_create(MEETING)
    report = await office.run()
    await browser.sign_in("anna")
    text = await confirmed(browser, site, await looked(browser, site, what=f"run:{report.number}"))
    (removed,) = (await office.showing.activity(office.boss, "anna", kind="delete")).rows
    text = await looked(browser, site, what=f"write:{removed.number}")
    assert "made again by the next run" in text
    await confirmed(browser, site, text)
    assert office.right.events() == {}
    await office.run()
    assert [event.summary for event in office.right.events().values()] == [MEETING.summary]


async def test_what_waits_for_a_plan_is_not_offered(
    browser: Browser, office: Office, site: Site, anna: Person
) -> None:
    office.left.user_create(MEETING)
    report = await office.run()
    await office.runs.put("anna", report.number + 5)  # the store was put back
    await browser.sign_in("anna")
    text = await looked(browser, site, what=f"run:{report.number}")
    assert "The account waits for somebody to confirm its plan." in text
    assert confirming(text) == {}


async def test_what_was_never_written_is_told(browser: Browser, site: Site, anna: Person) -> None:
    await browser.sign_in("anna")
    assert "calsync has written nothing of that kind" in await looked(browser, site, what="run:77")
    assert (await browser.get(f"{AT}?write=77")).status == 404
    assert (await browser.get(f"{AT}?write=x")).status == 404


@pytest.mark.parametrize(
    "form",
    [
        {"what": "all"},
        {"what": "run:"},
        {"what": "write:99999999999999999999"},
        {"what": "since", "since": "gestern"},
        {"what": "since", "since": "0001-01-01T00:00"},
    ],
)
async def test_what_makes_no_sense_is_refused(browser: Browser, anna: Person, form: dict[str, str]) -> None:
    await browser.sign_in("anna")
    assert (await browser.post(AT, form, at=AT)).status == 400


async def test_who_does_not_say_since_when_is_asked(browser: Browser, anna: Person) -> None:
    await browser.sign_in("anna")
    await browser.post(AT, {"what": "since", "since": ""}, at=AT)
    assert (await browser.get(AT)).says("Please say since when.")


async def test_nobody_undoes_what_was_written_for_others(
    browser: Browser, office: Office, site: Site, anna: Person
) -> None:
    office.calendars["bernd", Side.LEFT].user_create(MEETING)
    await office.run("bernd")
    (row,) = (await office.showing.activity(office.boss, "bernd")).rows
    await browser.sign_in("anna")
    at = "/accounts/bernd/undo"
    assert (await browser.get(at)).status == 404
    assert (await browser.post(at, {"what": f"write:{row.number}"}, at=AT)).status == 404
    assert (await browser.get(f"{AT}?write={row.number}")).status == 404
    assert "calsync has written nothing of that kind" in await looked(browser, site, what=f"write:{row.number}")
    assert len(office.calendars["bernd", Side.RIGHT].events()) == 1


async def test_a_private_appointment_is_shown_to_its_owner_alone(
    browser: Browser, other: Browser, office: Office, site: Site, anna: Person, chef: Person
) -> None:
    office.left.user_create(replace(MEETING, summary="Zahnarzt", private=True))
    report = await office.run()
    await browser.sign_in("anna")
    await other.sign_in("chef")
    assert "Zahnarzt" in await looked(browser, site, what=f"run:{report.number}")
    page = await other.get(AT)
    assert (page.says("Zahnarzt"), page.says("Privat")) == (False, True)
