"""Pages and API say the same about an account, and no page says what is not so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from calsync.engine.attempts import QUARANTINE_AFTER
from calsync.errors import EventError
from calsync.sync.choices import Choice
from calsync.sync.model import Side
from calsync.values import replace
from tests.desk.office import MEETING, Office
from tests.web.test_pages_of_decisions import many_deletes, turned

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from calsync.desk import Desk
    from calsync.people import Person
    from tests.web.conftest import Answer, Browser

ANNA = "/accounts/anna"


async def blocked(office: Office) -> None:
    """Let an event wait that must not be written, as it might mail somebody."""
    event = office.left.user_create(MEETING)
    await office.run()
    (copy,) = office.right.events()
    office.right.user_edit(copy, attendee_count=2)
    office.left.user_edit(event, summary="Besichtigung 2")
    await office.run()


async def quarantined(office: Office) -> None:
    """Let a server refuse an event again and again."""
    office.right.faults.add("create", lambda: EventError("too long"), times=99)
    office.left.user_create(MEETING)
    for _ in range(QUARANTINE_AFTER):
        await office.run()
        office.clock.advance(24 * 3600)


async def lost(office: Office) -> None:
    """Let what is remembered be older than the calendars."""
    office.left.user_create(MEETING)
    await office.run()
    office.runs.numbers["anna"] += 5
    await office.run()


async def looping(office: Office) -> None:
    """Let another program put back what calsync writes, until that is held."""
    event = office.left.user_create(MEETING)
    await office.run()
    (copy,) = office.right.events()
    for number in range(14):
        office.left.user_edit(event, summary=f"Besichtigung {number}")
        await office.run()
        assert office.right.events()[copy]


async def kept(office: Office) -> None:
    """Let somebody keep what was deleted on the other side."""
    await many_deletes(office, 12)
    await office.decide(Choice.KEEP)
    await office.run()


def figures(page: Answer) -> dict[str, int]:
    """Return the figures of a page by what they count."""
    found = re.findall(r"<dt>([^<]+)</dt><dd>(\d+)</dd>", page.text)
    return {name: int(count) for name, count in found}


def tabs(page: Answer) -> dict[str, int]:
    """Return the numbers beside an account's tabs."""
    nav = re.search(r'<nav class="tabs".*?</nav>', page.text, re.DOTALL)
    assert nav is not None
    found = re.findall(r'<a [^>]*>([^<\n]+)\s*<span class="count[^"]*">(\d+)</span>', nav[0])
    return {name.strip(): int(count) for name, count in found}


def chips(page: Answer) -> dict[str, int]:
    """Return how many accounts the list's choices name."""
    nav = re.search(r'<nav class="chips".*?</nav>', page.text, re.DOTALL)
    assert nav is not None
    found = re.findall(r'<a [^>]*>([^<]+) <span class="count">(\d+)</span>', nav[0])
    return {name: int(count) for name, count in found}


@pytest.mark.parametrize(
    "happens",
    [Office.conflict, many_deletes, turned, blocked, quarantined, lost, looping],
    ids=lambda one: one.__name__,
)
async def test_what_somebody_should_look_at_is_nowhere_shown_as_fine(
    browser: Browser,
    office: Office,
    desk: Desk,
    anna: Person,
    chef: Person,
    happens: Callable[..., Awaitable[None]],
) -> None:
    await (happens(office, 12) if happens is many_deletes else happens(office))
    await office.run("bernd")
    await browser.sign_in("anna")
    assert (await browser.get("/repairs")).text.count("<article") >= 1
    page = await browser.get("/")
    assert page.says("You are needed here")
    assert not page.says("Everything is up to date")
    token = await desk.access.make_api_token(anna, "Programm")
    told = await browser.get("/api/v1/accounts/anna", Authorization=f"Bearer {token}")
    assert '"state":"attention"' in told.text
    await browser.post("/sign-out", {}, at="/")
    await browser.sign_in("chef")
    every = await browser.get("/accounts")
    assert chips(every) == {"All": 2, "With a problem": 1, "Needs you": 1, "Up to date": 1}
    for query, names in {"state=attention": ["anna"], "state=waiting": ["bernd"], "problems=1": ["anna"]}.items():
        found = await browser.get(f"/accounts?{query}")
        assert re.findall(r'name="account" value="([^"]+)"', found.text) == names


async def test_what_was_kept_is_told_as_what_is_not_the_same(
    browser: Browser, office: Office, anna: Person
) -> None:
    await kept(office)
    await browser.sign_in("anna")
    page = await browser.get("/")
    assert page.says("Everything but 12 events is up to date")
    assert figures(page) == {
        "events synced": 0,
        "not synced": 12,
        "invitations sent": 0,
        "mails prevented": 0,
    }


async def test_all_pages_count_the_same(browser: Browser, office: Office, anna: Person) -> None:
    office.accounts["anna"] = replace(office.accounts["anna"])
    for number in range(12):
        office.left.user_create(replace(MEETING, summary=f"bleibt {number}"))
    await many_deletes_of(office, 12)
    await browser.sign_in("anna")
    mine, page = await browser.get("/"), await browser.get(ANNA)
    assert figures(mine) == {
        "events synced": 12,
        "not synced": 12,
        "invitations sent": 0,
        "mails prevented": 0,
    }
    counted = figures(page)
    assert {name: counted[name] for name in ("events synced", "not synced", "of these wait for you")} == {
        "events synced": 12,
        "not synced": 12,
        "of these wait for you": 12,
    }
    assert tabs(page) == {"Events": 24, "Not synced": 12, "Decisions": 12}
    assert (await browser.get(f"{ANNA}/left-out")).says("12 wait for you")
    await office.decide(Choice.KEEP)
    page = await browser.get(f"{ANNA}/decisions")
    assert tabs(page) == {"Events": 24, "Not synced": 12}
    await office.run()
    assert figures(await browser.get("/")) == {
        "events synced": 12,
        "not synced": 12,
        "invitations sent": 0,
        "mails prevented": 0,
    }


async def many_deletes_of(office: Office, count: int) -> None:
    """Let somebody delete some events of more."""
    for number in range(count):
        office.left.user_create(replace(MEETING, summary=f"Termin {number}"))
    await office.run()
    for event, found in list(office.left.events().items()):
        if found.summary.startswith("Termin"):
            office.left.user_delete(event)
    await office.run(times=2)


async def test_a_pair_of_which_one_side_is_gone_is_not_shown_as_synced(
    browser: Browser, office: Office, anna: Person
) -> None:
    await many_deletes_of(office, 12)
    await browser.sign_in("anna")
    page = await browser.get(f"{ANNA}/events")
    assert page.text.count('<span class="badge good">') == 0
    assert page.text.count('<span class="badge warn">Waits for you</span>') == 12
    (pair, *_) = (await office.showing.pairs(anna, "anna")).rows
    assert (pair.synced, pair.gone, pair.reason) == (False, Side.LEFT, "brake_deletes")


async def test_a_pair_whose_side_was_just_deleted_is_not_shown_as_synced(office: Office) -> None:
    office.left.user_create(MEETING)
    await office.run()
    (event,) = office.left.events()
    office.left.user_delete(event)
    office.right.faults.add("delete", lambda: EventError("later"), times=9)
    await office.run(times=2)
    (pair,) = (await office.showing.pairs(office.boss, "anna")).rows
    assert (pair.synced, pair.gone) == (False, Side.LEFT)


async def test_what_nobody_can_decide_is_no_decision(browser: Browser, office: Office, anna: Person) -> None:
    await looping(office)
    await browser.sign_in("anna")
    page = await browser.get("/")
    assert page.says("What to do is said below.")
    assert not page.says("decision")
    page = await browser.get(ANNA)
    assert tabs(page) == {"Events": 1, "Not synced": 1}
    assert figures(page)["of these wait for you"] == 0
    link = re.search(r'href="(/accounts/anna/left-out[^"]*)"', (await browser.get("/repairs")).text)
    assert link is not None
    assert (await browser.get(link[1])).says("1 kept back")
    assert (await browser.get(f"{ANNA}/decisions")).says("Nothing waits for you")


async def test_a_decision_of_an_account_that_is_off_waits_until_it_is_on(
    browser: Browser, office: Office, anna: Person
) -> None:
    await office.conflict()
    await browser.sign_in("anna")
    at = f"{ANNA}/decisions"
    await browser.post(f"{ANNA}/switch", {}, at=at)
    (case, *_) = re.findall(r'name="case" value="([0-9a-f]{8})"', (await browser.get(at)).text)
    await browser.post(at, {"case": case, "choice": "left"}, at=at)
    assert (await browser.get(at)).says("It is carried out as soon as you switch the sync on again.")


async def test_the_navigation_tells_how_many_repairs_there_are(
    browser: Browser, office: Office, anna: Person
) -> None:
    await office.run()
    await browser.sign_in("anna")
    count = re.compile(r'<span id="repairs-count" class="count loud">(\d*)</span>')
    for place in ("/", "/profile", ANNA):
        assert count.findall((await browser.get(place)).text) == [""], place
    await office.conflict()
    for place in ("/", "/profile", ANNA):
        page = await browser.get(place)
        assert count.findall(page.text) == ["1"], place
    live = re.findall(r'hx-select-oob="([^"]+)"', page.text)
    assert [each.split(",")[0] for each in live] == ["#repairs-count"]
    assert "#tabs" in live[0]


async def test_an_account_that_leaves_while_its_page_is_made_is_missing_and_no_error(
    browser: Browser, office: Office, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.run()
    await browser.sign_in("anna")
    asked = office.showing.activity

    async def leaving(*given: object, **wanted: object) -> object:
        office.accounts.pop("anna", None)
        return await asked(*given, **wanted)  # type: ignore[arg-type]

    monkeypatch.setattr(office.showing, "activity", leaving)
    page = await browser.get("/")
    assert (page.status, page.says("This account is being set up, or is not in operation.")) == (200, True)
