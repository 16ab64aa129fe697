"""All accounts at a glance: what fails comes first, and nothing that is looked for is missed."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.desk.conditions import Conditions
from calsync.desk.overview import Order, Overview, Wanted, overview, row
from calsync.desk.repairs import repairs
from calsync.desk.statuses import Health
from calsync.desk.systems import Titles
from calsync.service import State, Status
from calsync.sync.model import Side
from calsync.testing.clock import START
from calsync.values import replace
from tests.desk.office import SYSTEMS, config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.desk.office import Office


def status(account: str, state: State = State.WAITING, *, minutes: int = 0, error: bool = False) -> Status:
    return Status(
        account=account,
        state=state,
        since=START,
        good_at=START - timedelta(minutes=minutes),
        error="down" if error else None,
        error_class="Retry" if error else None,
    )


ALL = [
    status("anna", minutes=3),
    status("Bernd", minutes=2),
    status("carla", State.FAILING, error=True, minutes=60),
    status("dora", State.OFF, minutes=9, error=True),
    status("emil", State.RUNNING, error=True, minutes=30),
]
UNWRITTEN = {"Bernd": [Side.RIGHT], "dora": [Side.RIGHT]}
"""What waits for a confirmed plan: of Bernd, and of dora, who is off."""


def conditions(*states: Status) -> Conditions:
    return Conditions(
        accounts={each.account: config(each.account) for each in states},
        states={each.account: each for each in states},
        titles=Titles(SYSTEMS),
        unwritten=UNWRITTEN,
    )


def shown(states: Sequence[Status], wanted: Wanted) -> Overview:
    return overview(conditions(*states), SYSTEMS, START, wanted)


def names(wanted: Wanted) -> list[str]:
    return [each.account for each in shown(ALL, wanted).rows]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), ["carla", "emil", "Bernd", "anna", "dora"]),
        (Wanted(order=Order.NAME), ["anna", "Bernd", "carla", "dora", "emil"]),
        (Wanted(order=Order.NAME, reverse=True), ["emil", "dora", "carla", "Bernd", "anna"]),
        (Wanted(order=Order.GOOD_AT), ["carla", "emil", "dora", "anna", "Bernd"]),
        (Wanted(order=Order.STATE), ["carla", "emil", "Bernd", "anna", "dora"]),
        (Wanted(search=" BERN"), ["Bernd"]),
        (Wanted(search="outlook", order=Order.NAME, most=2), ["anna", "Bernd"]),
        (Wanted(states=frozenset({Health.OFF, Health.FAILING})), ["carla", "emil", "dora"]),
        (Wanted(states=frozenset({Health.WAITING})), ["anna"]),
        (Wanted(problems=True), ["carla", "emil", "Bernd"]),
        (Wanted(order=Order.NAME, offset=3, most=1), ["dora"]),
        (Wanted(most=None), ["carla", "emil", "Bernd", "anna", "dora"]),
        (Wanted(search="%"), []),
    ],
)
def test_accounts_are_searched_filtered_sorted_and_paged(wanted: Wanted, found: list[str]) -> None:
    assert names(wanted) == found


def test_the_page_tells_how_many_there_are_altogether() -> None:
    page = shown(ALL, Wanted(search="r", most=1))
    assert (len(page.rows), page.total, page.problems) == (1, 3, 3)
    assert page.states == {Health.WAITING: 1, Health.ATTENTION: 1, Health.FAILING: 2, Health.OFF: 1}


def test_an_account_that_is_off_or_never_read_is_no_problem() -> None:
    fresh = replace(status("fritz", State.STARTING), good_at=None)
    known = conditions(*ALL, fresh)
    assert not any(row(one, repairs([one], SYSTEMS, START)).problem for one in map(known.of, ("dora", "fritz")))
    assert shown([*ALL, fresh], Wanted(order=Order.GOOD_AT)).rows[0].account == "fritz"
    assert shown([fresh, ALL[3]], Wanted()).problems == 0


def test_how_an_account_is_counted_and_how_its_row_says_it_is_are_the_same() -> None:
    page = shown(ALL, Wanted())
    assert page.states == Counter(each.health for each in page.rows)
    assert page.problems == sum(each.problem for each in page.rows)
    known = conditions(*ALL)
    quiet = {each.account for each in ALL} - {one.account for one in known.telling()}
    assert quiet == {"anna", "dora"}
    assert all(known.of(account).quiet for account in quiet)


async def test_accounts_are_known_and_found_by_their_address_and_their_owner(office: Office) -> None:
    office.systems["mail"] = replace(office.systems["mail"], address_key="mailbox")
    own = replace(office.accounts["anna"].right, settings={"mailbox": "n.schmidt@example.de"})
    office.accounts["anna"] = replace(office.accounts["anna"], right=own)
    nina = await office.user("Nina Schmidt", "anna")
    whose = await office.showing.whose(office.boss, ["anna", "bernd", "carla"])
    assert whose == {"anna": "n.schmidt@example.de, Nina Schmidt", "bernd": ""}
    assert await office.showing.whose(nina, ["anna", "bernd"]) == {"anna": "n.schmidt@example.de"}
    assert await office.showing.addresses(nina) == {"anna": "n.schmidt@example.de"}
    for word in ("N.SCHMIDT@", "nina"):
        found = await office.showing.overview(office.boss, Wanted(search=word))
        assert [row.account for row in found.rows] == ["anna"]
