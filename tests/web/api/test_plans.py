"""A program can finish what it begins: a side that was only read before is written once its plan is confirmed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from calsync.desk import Steering
from calsync.errors import Retry
from calsync.sync.model import Direction
from calsync.values import replace
from calsync.web.api import door
from tests.desk.office import MEETING

if TYPE_CHECKING:
    import pytest

    from tests.desk.office import Office
    from tests.web.api.conftest import Program


async def test_a_plan_is_shown_confirmed_and_carried_out(annas: Program, chefs: Program, office: Office) -> None:
    office.accounts["anna"] = replace(office.accounts["anna"], direction=Direction.LEFT_TO_RIGHT)
    await office.run()
    office.right.user_create(MEETING)
    office.right.user_create(replace(MEETING, summary="Jour fixe", series=True))
    await annas.ask("PUT", "/accounts/anna/direction", {"direction": "both"})
    await office.run()
    plan = (await annas.ask("POST", "/accounts/anna/plan")).json
    assert plan["waits"] is True
    assert plan["counts"] == [{"kind": "create", "side": "left", "events": 1}]
    assert [(one["kind"], one["side"], one["summary"]) for one in plan["writes"]] == [
        ("create", "left", MEETING.summary)
    ]
    assert [(one["field"], one["old"], one["rule"]) for one in plan["writes"][0]["changes"]] == [
        ("summary", None, None),
        ("when", None, None),
        ("description", None, None),
    ]
    assert plan["writes"][0]["changes"][0]["new"] == MEETING.summary
    assert plan["writes"][0]["changes"][1]["new"]["kind"] == "timed"
    assert (plan["writes"][0]["reason"], bool(plan["writes"][0]["sentence"])) == ("direction", True)
    assert [(one["reason"], one["events"]) for one in plan["others"]] == [("series", 1)]
    assert plan["others"][0]["sentence"]
    other = await annas.ask("POST", "/accounts/anna/confirm", {"hash": "0" * 16})
    assert (other.status, other.word) == (409, "not_confirmed")
    assert office.left.events() == {}
    assert (await annas.ask("POST", "/accounts/anna/confirm", {"hash": plan["hash"]})).status == 204
    await office.run()
    assert [event.summary for event in office.left.events().values()] == [MEETING.summary]
    told = (await chefs.get("/audit?account=anna")).json["changes"][0]
    assert (told["who"], told["what"], told["after"]) == ("Anna", "plan_confirmed", plan["hash"])


async def test_nobody_plans_or_confirms_for_others(annas: Program) -> None:
    for path, body in (("plan", None), ("confirm", {"hash": "0" * 16})):
        answer = await annas.ask("POST", f"/accounts/bernd/{path}", body)
        assert (answer.status, answer.word) == (404, "account_unknown")
    for hash_ in ("", "0" * 15, "0" * 17, "g" * 16):
        assert (await annas.ask("POST", "/accounts/anna/confirm", {"hash": hash_})).word == "invalid"


async def test_a_server_that_is_away_is_told_as_passing(annas: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise Retry("m365: the server does not answer")

    monkeypatch.setattr(Steering, "plan", away)
    answer = await annas.ask("POST", "/accounts/anna/plan")
    assert (answer.status, answer.word) == (503, "not_now")


async def test_reading_both_calendars_may_take_longer_than_other_answers(
    annas: Program, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = await office.plan("anna")

    async def slow(*_: object) -> object:
        await asyncio.sleep(0.05)
        return report

    monkeypatch.setattr(Steering, "plan", slow)
    monkeypatch.setattr(door, "PATIENCE", 0.01)
    assert (await annas.ask("POST", "/accounts/anna/plan")).status == 200
