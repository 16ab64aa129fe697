"""What waits is decided as it was seen, one by one or together; a plan is confirmed as it was seen."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.sync.model import Direction, Timed
from calsync.testing.clock import START
from calsync.values import replace
from tests.desk.office import MEETING
from tests.web.conftest import ended

if TYPE_CHECKING:
    from calsync.people import Person
    from calsync.web.site import Site
    from tests.desk.office import Office
    from tests.web.conftest import Answer, Browser

AT = "/accounts/anna/decisions"
PLAN = "/accounts/anna/plan"


def hour(number: int) -> Timed:
    """Return an hour so many days after the start."""
    start = START + timedelta(days=number)
    return Timed(start, start + timedelta(hours=1))


async def many_deletes(office: Office, count: int) -> None:
    """Let somebody delete everything on the left."""
    for number in range(count):
        office.left.user_create(replace(MEETING, summary=f"Termin {number}", when=hour(number)))
    await office.run()
    for event in list(office.left.events()):
        office.left.user_delete(event)
    await office.run(times=2)


def cases(page: Answer) -> list[str]:
    """Return the cases that the forms of a page name."""
    return re.findall(r'name="case" value="([0-9a-f]{8})"', page.text)


async def test_the_rule_that_blocks_a_write_is_named(browser: Browser, office: Office, anna: Person) -> None:
    event = office.left.user_create(MEETING)
    await office.run()
    (copy,) = office.right.events()
    office.right.user_edit(copy, attendee_count=2)
    office.left.user_edit(event, summary="Notar")
    await office.run()
    await browser.sign_in("anna")
    for path in (AT, "/accounts/anna/left-out"):
        assert "by the rule attendee_stripping" in (await browser.get(path)).text


async def test_what_a_spent_budget_keeps_back_is_released_where_its_card_leads(
    browser: Browser, office: Office, anna: Person
) -> None:
    office.left.user_create(replace(MEETING, summary="Das Erste"))
    await office.run()
    for number in range(202):
        office.left.user_create(replace(MEETING, summary=f"Termin {number}", when=hour(1 + number // 20)))
    await office.run()
    await browser.sign_in("anna")
    card = await browser.get("/repairs")
    assert card.says("More is to be written to Outlook than anybody edits: 2 events.")
    assert re.search(rf'href="{AT}">\s*<span>Decide', card.text)
    page = await browser.get(AT)
    assert page.says("They follow by themselves")
    named = list(dict.fromkeys(cases(page)))
    assert len(named) == 2
    fields = [("choice", "release"), *(("case", name) for name in named)]
    assert (await browser.post(AT, fields, at=AT)).status == 303
    await office.run()
    assert len(office.right.events()) == 203
    assert (await browser.get("/repairs")).says("Everything runs")


async def test_a_conflict_is_decided_by_who_has_seen_both_sides(
    browser: Browser, office: Office, anna: Person
) -> None:
    await office.conflict()
    await browser.sign_in("anna")
    page = await browser.get(AT)
    for said in ("links", "rechts", "FLOWFACT counts", "Outlook counts", "Leave both as they are"):
        assert page.says(said), said
    assert page.says("What stands in Outlook is written in FLOWFACT")
    (case,) = cases(page)
    done = await browser.post(AT, {"case": case, "choice": "right"}, at=AT)
    assert done.location == AT
    page = await browser.get(AT)
    assert page.says("Decided. calsync carries it out now.")
    assert (page.says("Decided: Outlook counts"), cases(page)) == (True, [])
    assert office.woken == ["anna"]
    await office.run()
    assert [event.summary for event in office.left.events().values()] == ["rechts"]
    assert (await browser.get(AT)).says("Nothing waits for you")


async def test_a_decision_counts_for_the_values_that_were_shown(
    browser: Browser, office: Office, anna: Person
) -> None:
    await office.conflict()
    await browser.sign_in("anna")
    (case,) = cases(await browser.get(AT))
    (copy,) = office.right.events()
    office.right.user_edit(copy, summary="wieder anders")
    await office.run()
    await browser.post(AT, {"case": case, "choice": "left"}, at=AT)
    assert (await browser.get(AT)).says("That is over, or shows other values by now.")
    assert office.woken == []
    await office.run()
    assert [event.summary for event in office.right.events().values()] == ["wieder anders"]


async def test_many_deletes_are_released_together_as_many_as_are_shown(
    browser: Browser, office: Office, anna: Person
) -> None:
    await many_deletes(office, 30)
    await browser.sign_in("anna")
    page = await browser.get(AT)
    assert page.says("A lot was deleted in FLOWFACT at once: 30 events.")
    assert page.says("Decide all 30 cases that are shown at once:")
    assert page.says('data-confirm="Delete 30 events in Outlook?"')
    kept = "Keep 30 events in Outlook? They are not synced any more unless they come back in FLOWFACT."
    assert page.says(f'data-confirm="{kept}"')
    assert page.text.count('data-confirm="Delete this event in Outlook?"') == 30
    names = sorted(set(cases(page)))
    assert len(names) == 30
    await browser.post(AT, [("choice", "release"), *(("case", name) for name in names)], at=AT)
    assert (await browser.get(AT)).says("Decided. calsync carries it out now.")
    await office.run()
    assert office.right.events() == {}


async def test_what_a_choice_about_many_would_do_is_asked(browser: Browser, office: Office, anna: Person) -> None:
    office.accounts["anna"] = replace(office.accounts["anna"], policy="hold")
    for number in range(2):
        office.left.user_create(replace(MEETING, summary=f"Termin {number}", when=hour(number)))
    await office.run()
    for side, calendar in (("links", office.left), ("rechts", office.right)):
        for event in list(calendar.events()):
            calendar.user_edit(event, description=side)
    await office.run()
    await browser.sign_in("anna")
    page = await browser.get(AT)
    assert page.says('data-confirm="Write what stands in FLOWFACT to Outlook for 2 events?"')
    assert page.says('data-confirm="Write what stands in Outlook to FLOWFACT for 2 events?"')
    assert page.says('data-confirm="Leave both sides of 2 events as they are?"')
    assert page.text.count("data-confirm") == 3  # one alone loses nothing that is not in the ledger


async def test_what_waits_is_in_the_order_of_its_days(browser: Browser, office: Office, anna: Person) -> None:
    for number in (3, 0, 29, *range(4, 29), 1, 2):
        office.left.user_create(replace(MEETING, summary=f"Termin {number}", when=hour(number)))
    await office.run()
    for event in list(office.left.events()):
        office.left.user_delete(event)
    await office.run(times=2)
    await browser.sign_in("anna")
    page = await browser.get(AT)
    assert re.findall(r"<strong>Termin (\d+)</strong>", page.text) == [str(number) for number in range(30)]


async def test_held_deletes_are_kept_one_by_one(browser: Browser, office: Office, anna: Person) -> None:
    await many_deletes(office, 30)
    await browser.sign_in("anna")
    first, *_ = cases(await browser.get(AT))
    await browser.post(AT, {"case": first, "choice": "keep"}, at=AT)
    page = await browser.get(AT)
    assert page.says("Decided: Keep")
    assert len(set(cases(page))) == 29
    await office.run()
    assert len(office.right.events()) == 30


async def test_nonsense_decides_nothing(browser: Browser, office: Office, anna: Person) -> None:
    await office.conflict()
    await browser.sign_in("anna")
    (case,) = cases(await browser.get(AT))
    for fields in ({"case": case, "choice": "burn"}, {"case": case}, {"choice": "left"}):
        assert (await browser.post(AT, fields, at=AT)).status == 400
    await browser.post(AT, {"case": case, "choice": "release"}, at=AT)  # not offered
    assert cases(await browser.get(AT)) == [case]


async def turned(office: Office) -> None:
    """Let a side wait that a new direction lets calsync write."""
    office.accounts["anna"] = replace(office.accounts["anna"], direction=Direction.LEFT_TO_RIGHT)
    await office.run()
    office.right.user_create(replace(MEETING, summary="Nur in Outlook"))
    await office.store.settings.set_direction("anna", Direction.BOTH, "Petra", office.clock.now())
    await office.run()


async def test_a_plan_is_shown_and_confirmed(browser: Browser, office: Office, site: Site, anna: Person) -> None:
    await turned(office)
    await browser.sign_in("anna")
    assert (await browser.get("/repairs")).says("Look at the plan")
    assert (await browser.post(PLAN, {}, at=PLAN)).location == PLAN
    await ended(site.works)
    page = await browser.get(PLAN)
    assert page.says("“Nur in Outlook” is created in FLOWFACT.")
    assert page.says("What becomes of it?")
    assert "<ins>Nur in Outlook</ins>" in page.text
    found = re.search(r'name="hash" value="([0-9a-f]{16})"', page.text)
    assert found is not None
    assert page.says(found[1])
    assert office.left.events() == {}
    await browser.post("/accounts/anna/confirm", {"hash": found[1]}, at=PLAN)
    await ended(site.works)
    assert (await browser.get(PLAN)).says("Confirmed. calsync now carries the plan out.")
    await office.run()
    assert [event.summary for event in office.left.events().values()] == ["Nur in Outlook"]
    assert not (await browser.get("/repairs")).says("Look at the plan")


async def test_a_plan_that_has_changed_is_not_confirmed(
    browser: Browser, office: Office, site: Site, anna: Person
) -> None:
    await turned(office)
    await browser.sign_in("anna")
    await browser.post("/accounts/anna/confirm", {"hash": "0" * 16}, at=PLAN)
    await ended(site.works)
    assert (await browser.get(PLAN)).says("The plan is another one by now. Nothing was written.")
    await office.run()
    assert office.left.events() == {}


async def test_why_there_is_no_plan_is_told(browser: Browser, office: Office, site: Site, anna: Person) -> None:
    await office.store.acquire("anna", "another", office.clock.now(), timedelta(minutes=5))
    await browser.sign_in("anna")
    await browser.post(PLAN, {}, at=PLAN)
    await ended(site.works)
    assert (await browser.get(PLAN)).says("another process is working on it")


async def test_twins_are_shown_beside_each_other_and_decided_together(
    browser: Browser, office: Office, anna: Person
) -> None:
    office.left.user_create(replace(MEETING, description="links"))
    for number in range(2):
        office.right.user_create(replace(MEETING, description=f"rechts {number}"))
    await office.run()
    await browser.sign_in("anna")
    page = await browser.get(AT)
    assert page.says("This waits for your decision: 2 events.")
    for said in ("Belong together", "Create", "Do not copy", "rechts 0", "rechts 1"):
        assert page.says(said), said
    assert page.says('data-confirm="Not copy 2 events of Outlook to FLOWFACT?"')
    together = re.findall(r'class="buttons together".*?</form>', page.text, re.DOTALL)
    (names,) = (re.findall(r'name="case" value="([0-9a-f]{8})"', form) for form in together)
    await browser.post(AT, [("choice", "keep"), *(("case", name) for name in names)], at=AT)
    assert (await browser.get(AT)).says("Decided. calsync carries it out now.")
    await office.run()
    assert (await browser.get(AT)).says("Nothing waits for you")
    assert len(office.right.events()) == 3  # the one on the left has no twin any more that may be its copy


async def test_what_left_the_account_says_so_and_its_partner_is_deleted_by_a_persons_word(
    browser: Browser, office: Office, anna: Person
) -> None:
    event = office.left.user_create(MEETING)
    office.left.user_create(replace(MEETING, summary="bleibt"))
    await office.run()
    office.left.user_move_away(event)
    await office.run()
    await browser.sign_in("anna")
    page = await browser.get(AT)
    assert page.says("On the other side it now belongs to somebody else or stands in another calendar.")
    assert page.says('data-confirm="Delete this event in Outlook?"')
    (case,) = cases(page)
    await browser.post(AT, {"case": case, "choice": "release"}, at=AT)
    await office.run()
    assert [event.summary for event in office.right.events().values()] == ["bleibt"]


async def test_what_nobody_can_release_stands_below_with_what_to_do(
    browser: Browser, office: Office, anna: Person
) -> None:
    event = office.left.user_create(MEETING)
    await office.run()
    (copy,) = office.right.events()
    office.right.user_edit(copy, attendee_count=2)
    office.left.user_edit(event, description="geändert")
    await office.run()
    await browser.sign_in("anna")
    page = await browser.get(AT)
    assert page.says("Nothing waits for you")
    assert page.says("calsync does not change this")
    assert page.says("Please change it in Outlook")
    assert page.says(MEETING.summary)
    assert cases(page) == []
