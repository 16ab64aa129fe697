"""Users see their own accounts only, administrators all; what is shown is what the runs have done."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.desk import Known, Refused, Showing
from calsync.desk.overview import Wanted
from calsync.desk.repairs import Cause, Disabled
from calsync.desk.statuses import Health
from calsync.desk.systems import System, titles
from calsync.errors import Retry
from calsync.history import Tally
from calsync.ports import Finding
from calsync.service import Board, State
from calsync.sync.model import Direction, Side
from calsync.values import replace
from tests.desk.office import MEETING, SYSTEMS, config

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from calsync.people import Person
    from tests.desk.office import Office

ABOUT_ONE: list[Callable[[Showing, Person, str], Awaitable[Any]]] = [
    Showing.account,
    Showing.activity,
    Showing.left_out,
    Showing.pairs,
    Showing.holds,
]


@pytest.mark.parametrize("ask", ABOUT_ONE, ids=lambda ask: ask.__name__)
async def test_nothing_of_anybody_elses_account_is_shown(office: Office, ask: Any) -> None:
    bernd = await office.user("Bernd", "bernd")
    office.left.user_create(MEETING)
    await office.run()
    for name in ("anna", "nobody"):
        with pytest.raises(Refused) as refused:
            await ask(office.showing, bernd, name)
        assert refused.value.word == "account_unknown"
    await ask(office.showing, bernd, "bernd")
    await ask(office.showing, office.boss, "anna")


async def test_a_user_finds_the_own_accounts_in_the_overview(office: Office) -> None:
    bernd = await office.user("Bernd", "bernd")
    mine = await office.showing.overview(bernd, Wanted())
    assert ([row.account for row in mine.rows], mine.total, mine.states) == (["bernd"], 1, {Health.STARTING: 1})
    every = await office.showing.overview(office.boss, Wanted())
    assert [row.account for row in every.rows] == ["anna", "bernd"]


async def test_a_row_tells_how_its_account_is(office: Office) -> None:
    office.left.user_create(MEETING)
    office.left.user_create(replace(MEETING, summary="Jour fixe", series=True))
    await office.run()
    await office.store.settings.set_direction("anna", Direction.LEFT_TO_RIGHT, "Petra", office.clock.now())
    row = (await office.showing.overview(office.boss, Wanted())).rows[0]
    assert (row.account, row.titles[Side.LEFT], row.direction) == ("anna", "FLOWFACT", Direction.LEFT_TO_RIGHT)
    assert (row.linked, row.skipped, row.held, row.blocked) == (1, 1, 0, 0)
    assert (row.status.state, row.good_at) == (State.WAITING, office.clock.now())


async def test_the_store_tells_how_an_account_is_that_this_process_does_not_serve(office: Office) -> None:
    async def state() -> State:
        return (await office.showing.account(office.boss, "anna")).row.status.state

    now = office.clock.now
    assert await state() is State.STARTING
    await office.run()
    assert await state() is State.WAITING
    await office.run(error=Retry("connection crm: busy"))
    failed = now() - timedelta(0)
    page = await office.showing.account(office.boss, "anna")
    assert (page.row.status.state, page.row.status.since, page.row.status.error) == (
        State.FAILING,
        failed,
        "connection crm: busy",
    )
    lease = await office.store.acquire("anna", "another", now(), timedelta(minutes=5))
    assert await state() is State.RUNNING
    assert lease is not None
    await office.store.release(lease)
    await office.store.settings.set_enabled("anna", False, "Petra", now())
    assert await state() is State.OFF


async def test_the_service_knows_better_than_the_store(office: Office) -> None:
    board = Board(office.clock)
    board.begin("anna", None)
    board.note("anna", State.RUNNING, progress=(3, 90))
    served = Known(accounts=lambda: office.accounts, systems=lambda: SYSTEMS, board=board)
    showing = Showing(office.store, office.people, office.clock, served)
    rows = {row.account: row.status for row in (await showing.overview(office.boss, Wanted())).rows}
    assert (rows["anna"].state, rows["anna"].progress) == (State.RUNNING, (3, 90))
    assert rows["bernd"].state is State.STARTING  # written down, but not served


async def test_an_account_that_comes_while_a_page_is_read_is_on_the_next_one(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    switches = office.store.showing.switches

    async def meanwhile() -> Any:
        office.accounts["conny"] = config("conny")
        return await switches()

    monkeypatch.setattr(office.store.showing, "switches", meanwhile)
    before = await office.showing.overview(office.boss, Wanted())
    after = await office.showing.overview(office.boss, Wanted())
    assert [row.account for row in before.rows] == ["anna", "bernd"]
    assert [row.account for row in after.rows] == ["anna", "bernd", "conny"]


@pytest.mark.parametrize(
    ("on", "was", "shown"), [(False, State.WAITING, State.OFF), (True, State.OFF, State.STARTING)]
)
async def test_a_switch_is_shown_as_a_person_has_set_it_before_the_service_has_heeded_it(
    office: Office, on: bool, was: State, shown: State
) -> None:
    office.board.begin("anna", None)
    office.board.note("anna", was)
    await office.store.settings.set_enabled("anna", on, "Anna", office.clock.now())
    assert (await office.showing.account(office.boss, "anna")).row.status.state is shown


async def test_one_accounts_page_tells_what_was_written_day_by_day(office: Office) -> None:
    office.left.user_create(MEETING)
    await office.run()
    office.clock.advance(24 * 3600)
    office.right.user_create(replace(MEETING, summary="Notar"))
    office.right.user_create(replace(MEETING, summary="Messe"))
    await office.run()
    await office.run(error=Retry("connection crm: busy"))
    page = await office.showing.account(office.boss, "anna")
    assert [(day.day.isoformat(), day.tally, day.broken) for day in page.days[-3:]] == [
        ("2026-03-01", Tally(), 0),
        ("2026-03-02", Tally(created=1), 0),
        ("2026-03-03", Tally(created=2), 1),
    ]
    assert len(page.days) == 14
    assert [record.error_class for record in page.runs] == ["Retry", None, None]
    assert [record.total.created for record in page.last_writes] == [2, 1]


async def test_mails_that_were_not_sent_are_counted_for_what_they_are(office: Office) -> None:
    mails = (await office.showing.account(office.boss, "anna")).mails
    assert mails.sentence("de") == "0 Einladungen versendet: calsync kann keine versenden."
    office.left.user_create(replace(MEETING, attendee_count=3))
    busy = office.left.user_create(replace(MEETING, summary="Notar"))
    await office.run()
    copies = {event.summary: each for each, event in office.right.events().items()}
    office.right.user_edit(copies["Notar"], attendee_count=2)
    office.left.user_edit(busy, summary="Notar 2")
    await office.run()
    mails = (await office.showing.account(office.boss, "anna")).mails
    assert (mails.sent, mails.copies, mails.people, mails.blocked, mails.prevented) == (0, 1, 3, 1, 2)
    assert mails.sentence("de") == (
        "0 Einladungen versendet. In den letzten 30 Tagen ohne ihre Teilnehmer übernommen: 1 Termin "
        "(3 Teilnehmer). Derzeit unberührt, weil eine Änderung jemandem eine E-Mail schicken könnte: 1 Termin. "
        "Bisher verhinderte E-Mails: 2."
    )
    assert mails.sentence("en").startswith("0 invitations sent.")
    (guests,) = (each for each, event in office.left.events().items() if event.attendee_count)
    office.left.user_edit(guests, attendee_count=0)  # what would have been sent then stays counted
    office.right.user_edit(copies["Notar"], attendee_count=0)
    await office.run()
    mails = (await office.showing.account(office.boss, "anna")).mails
    assert (mails.copies, mails.people, mails.blocked, mails.prevented) == (1, 3, 0, 2)


async def test_pairs_are_shown_with_both_sides_and_what_differs(office: Office) -> None:
    event = office.left.user_create(MEETING)
    office.left.user_create(replace(MEETING, summary="Notar"))
    await office.run()
    (copy,) = (each for each, found in office.right.events().items() if found.summary == MEETING.summary)
    office.right.user_edit(copy, attendee_count=2)
    office.left.user_edit(event, summary="Besichtigung 2")
    await office.run()
    page = await office.showing.pairs(office.boss, "anna", most=1)
    (newest,) = page.rows
    assert page.more == newest.id
    (eldest,) = (await office.showing.pairs(office.boss, "anna", most=1, before=page.more)).rows
    both = {left.summary: pair for pair in (newest, eldest) if (left := pair.sides[Side.LEFT]) is not None}
    assert both["Notar"].differing == ()
    assert both["Besichtigung 2"].differing == ("summary",)
    right = both["Besichtigung 2"].sides[Side.RIGHT]
    assert right is not None
    assert (right.summary, right.attendees, right.gone) == (MEETING.summary, 2, False)


async def test_what_waits_for_a_word_is_shown(office: Office) -> None:
    await office.conflict()
    (case,) = await office.showing.holds(office.boss, "anna")
    assert (case.reason, len(case.choices)) == ("conflict", 3)


def test_two_systems_of_one_name_are_told_apart() -> None:
    same = {**SYSTEMS, "crm": System(connection="crm", title="Outlook")}
    assert titles(config("anna"), same) == {Side.LEFT: "Outlook (crm)", Side.RIGHT: "Outlook (mail)"}
    one = config("anna")
    one = replace(one, left=replace(one.left, connection="mail"))
    assert titles(one, SYSTEMS) == {Side.LEFT: "Outlook (left)", Side.RIGHT: "Outlook (right)"}
    assert titles(config("anna"), {}) == {Side.LEFT: "crm", Side.RIGHT: "mail"}


async def test_connections_are_shown_to_administrators_with_how_many_use_them(office: Office) -> None:
    office.findings["mail"] = [Finding("ok", "signed in")]
    office.disabled.append(Disabled(connection="old", problem="there is no provider 'x'"))
    found = office.showing.connections(office.boss)
    assert [(one.system.title, one.accounts) for one in found] == [("FLOWFACT", 2), ("Outlook", 2)]
    assert [one.findings for one in found] == [None, office.findings["mail"]]
    assert office.showing.disabled(office.boss) == office.disabled
    bernd = await office.user("Bernd", "bernd")
    for ask in (office.showing.connections, office.showing.disabled):
        with pytest.raises(Refused) as refused:
            ask(bernd)
        assert refused.value.word == "administrators_only"


async def test_a_row_tells_what_its_account_fails_with_unless_it_is_off(office: Office) -> None:
    await office.run(error=Retry("connection crm: busy"))
    assert (await office.showing.account(office.boss, "anna")).row.failure is Cause.UNREACHABLE
    await office.store.settings.set_enabled("anna", False, "Petra", office.clock.now())
    assert (await office.showing.account(office.boss, "anna")).row.failure is None
