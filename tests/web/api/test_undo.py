"""Programs undo what calsync wrote as people do: shown first, then exactly that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calsync.sync.model import Side
from calsync.values import replace
from tests.desk.office import MEETING

if TYPE_CHECKING:
    from tests.desk.office import Office
    from tests.web.api.conftest import Program

AT = "/accounts/anna/undo"


async def imported(office: Office, *names: str) -> int:
    """Have appointments copied to Outlook; return the number of the run."""
    for name in names:
        office.left.user_create(replace(MEETING, summary=name))
    return (await office.run()).number


def of_run(number: int) -> dict[str, Any]:
    return {"what": {"kind": "run", "number": number}}


def summaries(office: Office) -> list[str]:
    return sorted(event.summary for event in office.right.events().values())


async def test_a_run_is_shown_and_undone(annas: Program, chefs: Program, office: Office) -> None:
    run = await imported(office, "eins", "zwei")
    edited = next(key for key, event in office.right.events().items() if event.summary == "zwei")
    office.right.user_edit(edited, description="von Hand")
    plan = (await annas.ask("POST", AT, of_run(run))).json
    assert plan["counts"] == [{"kind": "delete", "side": "right", "events": 1}]
    assert [(one["summary"], one["kind"]) for one in plan["writes"]] == [("eins", "delete")]
    assert [(one["summary"], one["reason"]) for one in plan["left_alone"]] == [("zwei", "undo_edited")]
    assert (plan["why"], plan["anew"], plan["copied_again"]) == (None, False, 0)
    assert summaries(office) == ["eins", "zwei"]
    done = (await annas.ask("POST", f"{AT}/confirm", {**of_run(run), "hash": plan["hash"]})).json
    assert [(one["side"], one["deleted"], one["failed"]) for one in done["sides"]] == [
        ("left", 0, 0),
        ("right", 1, 0),
    ]
    assert (done["run"] > run, done["untouched"]) == (True, 0)
    assert summaries(office) == ["zwei"]
    told = (await chefs.get("/audit?account=anna")).json["changes"][0]
    assert (told["who"], told["what"], told["after"]) == ("Anna", "undone", plan["hash"])


async def test_writes_are_named_by_the_numbers_of_the_activity(annas: Program, office: Office) -> None:
    await imported(office, "eins", "zwei")
    number = (await annas.get("/accounts/anna/activity")).json["activities"][0]["number"]
    plan = (await annas.ask("POST", AT, {"what": {"kind": "writes", "numbers": [number]}})).json
    assert [one["summary"] for one in plan["writes"]] == ["zwei"]


async def test_a_run_is_named_as_the_activity_tells_it(annas: Program, office: Office) -> None:
    await imported(office, "eins")
    await imported(office, "zwei", "drei")
    run = (await annas.get("/accounts/anna/activity")).json["activities"][0]["run"]
    plan = (await annas.ask("POST", AT, of_run(run))).json
    assert sorted(one["summary"] for one in plan["writes"]) == ["drei", "zwei"]


async def test_what_was_deleted_since_a_moment_is_created_anew(annas: Program, office: Office) -> None:
    await imported(office, "eins")
    (original,) = office.left.events()
    office.left.user_delete(original)
    office.clock.advance(1)
    since = office.clock.now().isoformat()
    await office.run(times=3)
    assert summaries(office) == []
    plan = (await annas.ask("POST", AT, {"what": {"kind": "since", "at": since}})).json
    assert (plan["anew"], plan["counts"][0]["kind"]) == (True, "create")
    word = {"what": {"kind": "since", "at": since}, "hash": plan["hash"]}
    done = (await annas.ask("POST", f"{AT}/confirm", word)).json
    assert (done["anew"], summaries(office)) == (True, ["eins"])


async def test_another_plan_than_was_seen_is_refused(annas: Program, office: Office) -> None:
    run = await imported(office, "eins")
    seen = (await annas.ask("POST", AT, of_run(run))).json["hash"]
    office.left.user_create(replace(MEETING, summary="zwei"))
    (copy,) = office.right.events()
    office.right.user_edit(copy, summary="von Hand")
    answer = await annas.ask("POST", f"{AT}/confirm", {**of_run(run), "hash": seen})
    assert (answer.status, answer.word) == (409, "not_undone")
    assert summaries(office) == ["von Hand"]


async def test_a_number_without_a_fraction_is_whole_however_it_is_written(annas: Program, office: Office) -> None:
    run = await imported(office, "eins")
    plan = (await annas.ask("POST", AT, {"what": {"kind": "run", "number": float(run)}})).json
    assert len(plan["writes"]) == 1
    for number in (run + 0.5, 1e300, -1.0, "1", True):
        assert (await annas.ask("POST", AT, {"what": {"kind": "run", "number": number}})).word == "invalid"


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_any_moment_may_be_named(annas: Program, office: Office, at: str) -> None:
    await imported(office, "eins")
    plan = (await annas.ask("POST", AT, {"what": {"kind": "since", "at": at}})).json
    assert plan["why"] == (None if at.startswith("0001") else "nothing")


async def test_what_was_never_written_is_told(annas: Program, office: Office) -> None:
    await imported(office, "eins")
    assert (await annas.ask("POST", AT, of_run(99))).json["why"] == "nothing"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"what": {"kind": "run", "number": 0}},
        {"what": {"kind": "run", "numbers": [1]}},
        {"what": {"kind": "writes", "numbers": []}},
        {"what": {"kind": "since", "at": "2026-03-02T08:00:00"}},
        {"what": {"kind": "all"}},
        {"what": {"kind": "run", "number": 1}, "hash": "0" * 16},
    ],
)
async def test_what_makes_no_sense_is_refused(annas: Program, body: dict[str, Any]) -> None:
    answer = await annas.ask("POST", AT, body)
    assert (answer.status, answer.word) == (400, "invalid")


async def test_nobody_undoes_what_was_written_for_others(annas: Program, office: Office) -> None:
    office.calendars["bernd", Side.LEFT].user_create(MEETING)
    run = (await office.run("bernd")).number
    (row,) = (await office.showing.activity(office.boss, "bernd")).rows
    for path, body in (("", of_run(run)), ("/confirm", {**of_run(run), "hash": "0" * 16})):
        answer = await annas.ask("POST", f"/accounts/bernd/undo{path}", body)
        assert (answer.status, answer.word) == (404, "account_unknown")
    assert (await annas.ask("POST", AT, {"what": {"kind": "writes", "numbers": [row.number]}})).json[
        "why"
    ] == "nothing"


async def test_an_administrator_is_not_told_what_is_private(
    chefs: Program, annas: Program, office: Office
) -> None:
    office.left.user_create(replace(MEETING, summary="Zahnarzt", private=True))
    run = (await office.run()).number
    told = [(await each.ask("POST", AT, of_run(run))).json["writes"][0]["summary"] for each in (annas, chefs)]
    assert told == ["Zahnarzt", "Privat"]
