"""What stands before every request of the API (S4: tokens, roles, own accounts only)."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from calsync.errors import StoreError
from calsync.web.api import door
from calsync.web.api.rates import PER_MINUTE, STRANGERS
from calsync.web.api.reading import MOST_BYTES
from tests.web.api.conftest import Program

if TYPE_CHECKING:
    from calsync.desk import Desk
    from calsync.people import Person
    from calsync.testing import FakeClock
    from tests.web.conftest import Browser


async def test_who_shows_no_token_is_told_to(stranger: Program) -> None:
    answer = await stranger.get("/accounts")
    assert (answer.status, answer.word) == (401, "token_needed")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="calsync"'


@pytest.mark.parametrize("shown", ["Bearer", "Bearer calsync_wrong", "Basic YTpi", "Bearer nothing of ours"])
async def test_a_token_that_nobody_made_lets_nobody_in(stranger: Program, shown: str) -> None:
    assert (await stranger.get("/accounts", Authorization=shown)).status == 401


async def test_a_session_of_the_pages_counts_for_nothing(browser: Browser, chef: Person) -> None:
    await browser.sign_in("chef")
    assert (await browser.get("/people")).status == 200
    assert (await browser.get("/api/v1/accounts")).status == 401
    headers = {"Origin": browser.origin, "Sec-Fetch-Site": "same-origin"}
    answer = await browser.ask("POST", "/api/v1/accounts/anna/sync", headers=headers)
    assert answer.status == 401


async def test_a_token_that_was_revoked_is_none(annas: Program, desk: Desk, anna: Person) -> None:
    assert (await annas.get("/accounts")).status == 200
    (token,) = await desk.access.api_tokens(anna)
    await desk.access.revoke_api_token(anna, token.id)
    assert (await annas.get("/accounts")).status == 401


async def test_whose_person_was_removed_is_out(annas: Program, desk: Desk, chef: Person) -> None:
    await desk.people.remove("Anna", by=chef)
    assert (await annas.get("/accounts")).status == 401


async def test_a_user_sees_the_own_accounts_only(annas: Program, chefs: Program) -> None:
    assert [one["name"] for one in (await annas.get("/accounts")).json["accounts"]] == ["anna"]
    assert [one["name"] for one in (await chefs.get("/accounts")).json["accounts"]] == ["anna", "bernd"]
    foreign, nobody = await annas.get("/accounts/bernd"), await annas.get("/accounts/nobody")
    assert (foreign.status, foreign.word, foreign.json) == (404, "account_unknown", nobody.json)


async def test_a_foreign_name_that_leads_here_is_answered_with_nothing(annas: Program) -> None:
    for path in ("/accounts", "/openapi.json", "/nothing"):
        answer = await annas.get(path, Host="evil.example")
        assert (answer.status, answer.word) == (421, "elsewhere")


async def test_what_there_is_not_is_told_as_a_problem(annas: Program) -> None:
    assert (await annas.get("/nothing")).word == "not_found"
    assert (await annas.get("")).word == "not_found"
    answer = await annas.ask("PATCH", "/accounts")
    assert (answer.status, answer.word, answer.headers["Allow"]) == (405, "method", "GET, POST")


async def test_who_asks_too_often_waits_whatever_the_token(
    annas: Program, chefs: Program, desk: Desk, anna: Person, clock: FakeClock
) -> None:
    second = Program(annas.client, await desk.access.make_api_token(anna, "Annas zweites Programm"))
    for asking in (annas, second):
        for _ in range(PER_MINUTE // 2):
            assert (await asking.get("/accounts")).status == 200
    answer = await annas.get("/accounts")
    assert (answer.status, answer.word, answer.headers["Retry-After"]) == (429, "too_many_requests", "1")
    assert (await chefs.get("/accounts")).status == 200  # others do not
    clock.advance(1)
    assert (await annas.get("/accounts")).status == 200


async def test_a_sender_of_wrong_tokens_waits(stranger: Program, annas: Program) -> None:
    for _ in range(STRANGERS):
        assert (await stranger.get("/accounts")).status == 401
    answer = await stranger.get("/accounts")
    assert (answer.status, answer.word) == (429, "too_many_requests")
    assert (await annas.get("/accounts")).status == 200  # a good token is no guess


async def test_a_query_that_is_not_understood_is_told_by_its_key(annas: Program) -> None:
    for query, key in (
        ("most=0", "most"),
        ("most=x", "most"),
        ("most=1&most=2", "most"),
        ("reverse=1", "reverse"),
        ("state=happy", "state"),
        ("colour=red", "colour"),
        ("search=" + "a" * 201, "search"),
    ):
        answer = await annas.get(f"/accounts?{query}")
        assert (answer.status, answer.word, list(answer.json["keys"])) == (400, "invalid", [key]), query


async def test_a_mistake_of_ours_is_told_without_its_text(
    annas: Program, desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def mistaken(*_: object) -> None:
        raise ValueError("Besichtigung bei Frau Geheim")

    monkeypatch.setattr(type(desk.showing), "overview", mistaken)
    answer = await annas.get("/accounts")
    assert (answer.status, answer.word) == (500, "mistake")
    assert "Geheim" not in answer.body.decode()
    assert [one.levelno for one in caplog.records if one.name == "calsync.web"][-1] == logging.WARNING


async def test_a_store_that_is_away_is_told_as_passing(
    annas: Program, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise StoreError("/var/lib/calsync/calsync.db: the disk is full")

    monkeypatch.setattr(type(desk.showing), "overview", away)
    answer = await annas.get("/accounts")
    assert (answer.status, answer.word) == (503, "not_now")
    assert "/var/lib" not in answer.body.decode()


async def test_what_takes_too_long_is_ended(annas: Program, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def endless(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(type(desk.showing), "overview", endless)
    monkeypatch.setattr(door, "PATIENCE", 0.01)
    answer = await annas.get("/accounts")
    assert (answer.status, answer.word) == (503, "slow")


async def test_a_body_is_limited_also_where_none_is_read(annas: Program) -> None:
    answer = await annas.ask("GET", "/accounts", "x" * MOST_BYTES)
    assert (answer.status, answer.word) == (413, "body_large")
