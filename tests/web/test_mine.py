"""The start page: how somebody's own accounts are, in plain words, with the switch and the direction."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from calsync.errors import LoginError, Retry
from calsync.people import Role
from calsync.second import own_name
from calsync.service import State
from calsync.sync.model import Direction
from calsync.values import replace
from calsync.web.pages.mine import STATES, state_of
from tests.desk.office import MEETING, SYSTEMS
from tests.web.conftest import Browser, person

if TYPE_CHECKING:
    from calsync.desk import Desk
    from calsync.people import Person
    from calsync.store import SqliteStore
    from calsync.testing import FakeClock
    from calsync.web.site import Site
    from tests.desk.office import Office


@pytest.fixture
async def mine(browser: Browser, anna: Person) -> Browser:
    """Return Anna's browser."""
    await browser.sign_in("anna")
    return browser


def told(text: str) -> list[str]:
    """Return the figures of the page."""
    return re.findall(r"<dd>(\d+)</dd>", text)


async def test_it_says_what_was_done_and_how_many_are_synced_and_that_nobody_got_a_mail(
    mine: Browser, office: Office
) -> None:
    office.left.user_create(MEETING)
    office.left.user_create(replace(MEETING, summary="Jour fixe", series=True))
    office.left.user_create(replace(MEETING, summary="Notar", attendee_count=3))
    await office.run(times=2)
    page = await mine.get("/")
    assert page.says("Everything but one event is up to date")
    assert told(page.text) == ["2", "1", "0", "1"]
    assert page.says("“Besichtigung Haus Meyer” was copied from FLOWFACT to Outlook.")
    assert page.says("It belongs to a series, and series are not synced.")
    assert page.says(
        "0 invitations sent. Copied without their attendees in the last 30 days: 1 event (3 attendees)"
    )
    assert page.says("the last 90 days and the next 365 days")


async def test_it_speaks_german_as_well(mine: Browser, office: Office) -> None:
    mine.language = "de"
    office.left.user_create(MEETING)
    await office.run()
    page = await mine.get("/")
    for text in (
        "Alles ist auf dem gleichen Stand",
        "Kalender synchronisieren",
        "Nur von Outlook nach FLOWFACT",
        "„Besichtigung Haus Meyer“ wurde aus FLOWFACT nach Outlook übernommen.",
        "0 Einladungen versendet",
    ):
        assert page.says(text), text


async def test_the_switch_is_heeded_at_once_and_says_that_nothing_is_deleted(
    mine: Browser, office: Office, store: SqliteStore
) -> None:
    await office.run()
    assert (await mine.get("/")).says("Switching off deletes nothing.")
    answer = await mine.post("/accounts/anna/switch", {"next": "/"}, at="/")
    assert (answer.status, answer.location) == (303, "/")
    page = await mine.get("/")
    assert page.says("Switched off")
    assert page.says("it goes on where it stopped, without duplicates")
    assert not page.says("Sync now")
    assert (await store.settings.get("anna")).enabled is False
    await mine.post("/accounts/anna/switch", {"on": "1", "next": "/"}, at="/")
    assert (await store.settings.get("anna")).enabled is True
    assert office.woken == ["anna", "anna"]
    assert [one.who for one in await store.settings.audit(9, "anna")][1:] == ["Anna", "Anna"]


async def test_each_of_three_directions_is_explained_and_can_be_chosen(
    mine: Browser, office: Office, store: SqliteStore
) -> None:
    await office.run()
    page = await mine.get("/")
    assert page.says("Nothing in FLOWFACT is changed.")
    assert re.search(r'value="both" checked', page.text)
    for direction in Direction:
        answer = await mine.post("/accounts/anna/direction", {"direction": direction, "next": "/"}, at="/")
        assert answer.location == "/"
        assert (await store.settings.get("anna")).direction is direction
        assert re.search(rf'value="{direction}" checked', (await mine.get("/")).text)


async def test_what_is_said_once_is_not_lost_to_a_part_of_the_page_before(mine: Browser) -> None:
    """A live part may be asked for between the answer to a form and the page that it leads to."""
    await mine.post("/accounts/anna/direction", {"direction": "both", "next": "/"}, at="/")
    said = "The direction was changed."
    assert not (await mine.get("/", **{"HX-Request": "true"})).says(said)
    assert (await mine.get("/")).says(said)
    assert not (await mine.get("/")).says(said)


async def test_what_waits_stands_on_the_page_until_it_is_decided(mine: Browser, office: Office) -> None:
    await office.conflict()
    page = await mine.get("/")
    assert page.says("1 event waits for your decision.")
    assert 'href="/accounts/anna/decisions"' in page.text
    (copy,) = office.right.events()
    office.right.user_edit(copy, summary="links")
    await office.run()
    assert (await mine.get("/")).says("Everything is up to date")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Retry("connection mail: no answer"), "calsync tries again and again"),
        (LoginError("connection mail: x"), "is not valid any more"),
    ],
)
async def test_what_goes_wrong_is_said_without_technical_words(
    mine: Browser, office: Office, error: Exception, said: str
) -> None:
    await office.run(error=error)
    page = await mine.get("/")
    assert page.says("It does not work right now")
    assert page.says(said)


async def test_the_owner_of_a_mailbox_signs_in_again_and_others_are_told_who_does(
    mine: Browser, other: Browser, office: Office, chef: Person
) -> None:
    own = own_name()
    right = replace(office.accounts["anna"].right, connection=own)
    office.accounts["anna"] = replace(office.accounts["anna"], right=right)
    office.systems[own] = replace(SYSTEMS["mail"], connection=own)
    await office.run(error=LoginError(f"connection {own}: the sign-in has expired"))
    page = await mine.get("/")
    assert page.text.count('href="/own/anna/sign-in"') == 2  # the card's, and the one that is always there
    await other.sign_in("chef")
    page = await other.get("/repairs")
    assert page.says("Only the person whose mailbox it is can do that")
    assert "/own/" not in page.text


async def test_a_long_first_sync_shows_how_far_it_is_and_the_page_hears_of_more(
    mine: Browser, site: Site, office: Office
) -> None:
    board = office.board
    board.begin("anna", None)
    board.note("anna", State.RUNNING, progress=(312, 840))
    page = await mine.get("/")
    assert page.says("The first sync is under way")
    assert page.says("312 of 840 events are done.")
    assert '<progress value="312" max="840"' in page.text
    assert 'data-live="anna"' in page.text
    parts = re.search(r'hx-select-oob="([^"]+)"', page.text)
    assert parts
    for part in parts[1].split(","):
        assert f'id="{part.removeprefix("#")}"' in page.text
    listening = asyncio.ensure_future(site.live(board.changes()))
    async with mine.client.get("/events") as stream:
        await stream.content.readline()
        board.note("anna", State.RUNNING, progress=(500, 840))
        async with asyncio.timeout(20):
            while (line := await stream.content.readline()).strip() in {b"", b":"}:
                pass
    listening.cancel()
    assert line == b'data: ["anna"]\n'


async def test_short_looks_that_find_nothing_do_not_show(office: Office, clock: FakeClock, anna: Person) -> None:
    board, found = office.board, []
    board.begin("anna", None)
    for what in (
        {"state": State.RUNNING},
        {"state": State.STARTING, "good_at": clock.now()},
        {"state": State.WAITING},
        {"state": State.RUNNING},
        {"state": State.RUNNING, "progress": (1, 2)},
        {"state": State.FAILING, "progress": None, "error": "connection mail: no answer", "error_class": "Retry"},
        {"state": State.OFF},
    ):
        board.note("anna", **what)
        found.append(state_of((await office.showing.account(anna, "anna")).row))
    assert found == ["first", "starting", "fine", "fine", "busy", "failing", "off"]
    assert set(found) | {"attention"} == set(STATES)


async def test_several_accounts_of_one_person_stand_one_after_the_other(
    browser: Browser, desk: Desk, office: Office
) -> None:
    await person(desk, "Olaf", Role.USER, "anna", "bernd")
    await browser.sign_in("Olaf")
    for name in ("anna", "bernd"):
        await office.run(name)
    page = await browser.get("/")
    for name in ("anna", "bernd"):
        assert page.text.count(f'action="/accounts/{name}/switch"') == 1
    ids = re.findall(r'\bid="([^"]+)"', page.text)
    assert sorted(ids) == sorted(set(ids))


async def test_nobody_sees_or_steers_anothers_account(mine: Browser, office: Office) -> None:
    await office.run("bernd")
    assert "bernd" not in (await mine.get("/")).text
    for act in ("switch", "direction", "sync"):
        answer = await mine.post(f"/accounts/bernd/{act}", {"direction": "both", "next": "/"}, at="/")
        assert answer.status == 404
    assert office.woken == []


async def test_what_the_systems_cannot_tell_is_not_promised(mine: Browser, office: Office) -> None:
    assert (await mine.get("/")).says("Series stay as they are: they are not synced.")
    office.systems["crm"] = replace(SYSTEMS["crm"], untold=frozenset({"series", "private"}))
    page = await mine.get("/")
    assert not page.says("Series stay as they are")
    assert page.says("calsync cannot tell series in FLOWFACT: it treats them like single events.")
    assert page.says("calsync cannot tell private events in FLOWFACT")


async def test_it_promises_to_try_again_only_where_that_can_help(mine: Browser, office: Office) -> None:
    await office.run(error=Retry("connection mail: Outlook does not answer"))
    assert (await mine.get("/")).says("calsync tries again and again by itself.")
    await office.run(error=LoginError("connection mail: Exchange refuses the sign-in"))
    page = await mine.get("/")
    assert page.says("Somebody has to do something about it")
    assert not page.says("tries again and again by itself")
    assert not page.says("Next try")
