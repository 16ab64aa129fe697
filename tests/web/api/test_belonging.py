"""Accounts are given to who is there, and it is said who that is in the system that lists people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.desk import Members
from calsync.errors import Retry
from calsync.ports import Person as Listed

if TYPE_CHECKING:
    import pytest

    from calsync.desk import Desk
    from calsync.people import Person
    from tests.web.api.conftest import Program


async def test_an_account_is_given_and_taken(annas: Program, chefs: Program, anna: Person) -> None:
    place = f"/people/{anna.id}/accounts/bernd"
    assert (await annas.get("/accounts/bernd")).status == 404
    assert (await chefs.ask("PUT", place)).status == 204
    assert (await annas.get("/accounts/bernd")).status == 200
    assert (await chefs.ask("DELETE", place)).status == 204
    assert (await annas.get("/accounts/bernd")).status == 404
    told = [(one["what"], one["after"]) for one in (await chefs.get("/audit?account=bernd")).json["changes"]]
    assert told == [("account_taken", "Anna"), ("account_given", "Anna")]


async def test_what_is_not_there_cannot_be_given(annas: Program, chefs: Program, anna: Person) -> None:
    for path, word in (
        (f"/people/{anna.id}/accounts/nobody", "account_unknown"),
        ("/people/99/accounts/anna", "person_unknown"),
    ):
        answer = await chefs.ask("PUT", path)
        assert (answer.status, answer.word) == (404, word)
    assert (await chefs.ask("DELETE", "/people/99/accounts/anna")).word == "person_unknown"
    for method in ("PUT", "DELETE"):
        answer = await annas.ask(method, f"/people/{anna.id}/accounts/bernd")
        assert (answer.status, answer.word) == (403, "administrators_only")


async def test_it_is_said_whom_somebody_is(
    annas: Program, chefs: Program, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def listed(*_: object) -> list[Listed]:
        return [Listed(id="4711", addresses=("anna@example.de",), active=True)]

    assert (await chefs.get("/members")).word == "self_service_off"
    monkeypatch.setattr(Members, "listed", listed)
    assert (await chefs.get("/members")).json == {"members": [{"id": "4711", "addresses": ["anna@example.de"]}]}
    place = f"/people/{anna.id}/member"
    assert (await chefs.get(place)).json == {"member": None}
    assert (await chefs.ask("PUT", place, {"member": "4711"})).status == 204
    assert (await chefs.get(place)).json == {"member": "4711"}
    assert (await chefs.ask("PUT", place, {"member": None})).status == 204
    assert (await chefs.get(place)).json == {"member": None}
    assert (await chefs.get("/people/99/member")).word == "person_unknown"
    assert (await chefs.ask("PUT", "/people/99/member", {"member": "4711"})).word == "person_unknown"
    assert (await chefs.ask("PUT", place, {"member": "anna@example.de"})).word == "invalid"
    for path in ("/members", place):
        assert (await annas.get(path)).status == 403


async def test_a_system_that_is_away_is_told_as_passing(
    chefs: Program, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Retry("flowfact: the server does not answer")

    monkeypatch.setattr(type(desk.members), "listed", away)
    assert (await chefs.get("/members")).word == "not_now"
