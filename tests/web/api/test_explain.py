"""Programs ask why an appointment is, or is not, in the other calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from calsync.values import replace
from tests.desk.office import MEETING

if TYPE_CHECKING:
    from tests.desk.office import Office
    from tests.web.api.conftest import Program

AT = "/accounts/anna/explain"


async def test_an_appointment_is_found_by_its_words_and_by_either_id(annas: Program, office: Office) -> None:
    original = office.left.user_create(MEETING)
    await office.run()
    (copy,) = office.right.events()
    for event in ("haus meyer", original, copy):
        found = (await annas.get(f"{AT}?event={quote(event)}")).json
        life = found["life"]
        assert life["sentence"].startswith(f"“{MEETING.summary}” is in FLOWFACT and in Outlook")
        assert (life["left"]["event"], life["right"]["event"]) == (original, copy)
        assert (life["left"]["summary"], life["left"]["gone"], life["differing"]) == (MEETING.summary, False, [])
        assert {one["rule"] for one in life["rules"]} == {"series_skip", "attendee_stripping"}
        assert any("was copied from FLOWFACT to Outlook" in one["sentence"] for one in life["steps"])
        assert (found["total"], len(found["events"])) == (1, 1)


async def test_where_several_may_be_meant_they_are_listed(annas: Program, office: Office) -> None:
    for name in ("Haus eins", "Haus zwei"):
        office.left.user_create(replace(MEETING, summary=name))
    await office.run()
    found = (await annas.get(f"{AT}?event=haus")).json
    assert (found["life"], found["total"]) == (None, 2)
    assert sorted(one["summary"] for one in found["events"]) == ["Haus eins", "Haus zwei"]
    hit = found["events"][0]
    one = (await annas.get(f"{AT}?event={hit['event']}&side={hit['side']}")).json
    assert one["life"]["left"]["summary"] == hit["summary"]


async def test_what_nobody_knows_is_nothing(annas: Program, office: Office) -> None:
    await office.run()
    for query in ("?event=Zahnarzt", "", "?event=%20&side=left"):
        assert (await annas.get(f"{AT}{query}")).json == {"life": None, "events": [], "total": 0}
    assert (await annas.get(f"{AT}?side=both")).word == "invalid"
    assert (await annas.get("/accounts/bernd/explain?event=x")).word == "account_unknown"


async def test_an_administrator_is_not_told_what_is_private(chefs: Program, office: Office) -> None:
    original = office.left.user_create(replace(MEETING, summary="Zahnarzt", private=True))
    await office.run()
    told = await chefs.get(f"{AT}?event={original}")
    assert told.json["life"]["left"]["summary"] == "Privat"
    assert b"Zahnarzt" not in told.body
    assert (await chefs.get(f"{AT}?event=Zahnarzt")).json["total"] == 0
