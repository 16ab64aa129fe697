"""Programs let an account leave as people do: shown first, then exactly that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.values import replace
from tests.desk.office import MEETING

if TYPE_CHECKING:
    from tests.desk.office import Office
    from tests.web.api.conftest import Program

AT = "/accounts/anna/leave"


async def test_copies_are_removed_as_they_were_shown(annas: Program, office: Office) -> None:
    for name in ("eins", "zwei"):
        office.left.user_create(replace(MEETING, summary=name))
    await office.run()
    edited = next(key for key, event in office.right.events().items() if event.summary == "zwei")
    office.right.user_edit(edited, description="von Hand")
    plan = (await annas.ask("POST", AT, {"remove_copies": "right"})).json
    assert (plan["possible"], plan["removed"], plan["staying"]) == (True, 1, 1)
    assert [one["summary"] for one in plan["writes"]] == ["eins"]
    assert [(one["summary"], one["reason"]) for one in plan["left_alone"]] == [("zwei", "leave_edited")]
    wrong = await annas.ask("POST", f"{AT}/confirm", {"remove_copies": "left", "hash": plan["hash"]})
    assert (wrong.status, wrong.word) == (409, "not_left")
    assert len(office.right.events()) == 2
    done = (await annas.ask("POST", f"{AT}/confirm", {"remove_copies": "right", "hash": plan["hash"]})).json
    assert (done["removed"], done["marked"]) == (1, [])
    assert [event.summary for event in office.right.events().values()] == ["zwei"]
    assert (await annas.get("/accounts/anna")).json["state"] == "off"
    undo = (await annas.ask("POST", "/accounts/anna/undo", {"what": {"kind": "run", "number": done["run"]}})).json
    assert [(one["kind"], one["summary"]) for one in undo["writes"]] == [("create", "eins")]


async def test_all_copies_may_stay(annas: Program, office: Office) -> None:
    office.left.user_create(MEETING)
    await office.run()
    (copy,) = office.right.events()
    office.right.user_edit(copy, attendee_count=2)
    plan = (await annas.ask("POST", AT, {"remove_copies": "none"})).json
    assert (plan["removed"], plan["writes"], plan["left_alone"]) == (0, [], [])
    done = (await annas.ask("POST", f"{AT}/confirm", {"remove_copies": "none", "hash": plan["hash"]})).json
    assert [one["events"] for one in done["marked"]] == [1]


async def test_nobody_lets_others_leave(annas: Program) -> None:
    for path, body in (("", {}), ("/confirm", {"hash": "0" * 16})):
        answer = await annas.ask("POST", f"/accounts/bernd/leave{path}", {"remove_copies": "none", **body})
        assert (answer.status, answer.word) == (404, "account_unknown")
    assert (await annas.ask("POST", AT, {"remove_copies": "both"})).word == "invalid"
