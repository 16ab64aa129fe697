"""Runs that somebody asks for, and what they would do, on a plugin of two systems in memory."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from calsync.engine.carry import CHUNK
from calsync.errors import AccountError, ConfigError, LoginError, Retry
from calsync.loader.manifest import read_manifest
from calsync.store import SqliteStore
from calsync.sync.asking import Hang, Version
from calsync.sync.model import Direction
from calsync.values import replace
from calsync.watchdog import Note, note_beside, write_note
from tests.house import MEETING, House

ROOT = Path(__file__).parent.parent


async def test_a_plan_says_what_a_sync_then_does(house: House) -> None:
    async with house.open() as app:
        assert (await app.sync(None)).accounts["anna"].ok
        house.calendar("anna-crm").user_create(MEETING)
        before = house.database()
        planned = await app.plan("anna")
        assert list(planned) == ["anna"]
        assert [operation.kind for operation in planned["anna"].plan.operations] == ["create"]
        assert house.database() == before
        assert house.calendar("anna-mail").writes() == []
        result = await app.sync(None)
        assert {name: account.right.created for name, account in result.accounts.items()} == {
            "anna": 1,
            "berta": 0,
        }
        assert not (await app.plan("anna"))["anna"].plan.operations


async def test_a_plan_before_the_first_sync_makes_no_database(house: House) -> None:
    async with house.open() as app:
        planned = await app.plan()
    assert [account.error for account in planned.values()] == [None, None]
    assert house.database() is None


async def test_a_plan_works_while_another_process_syncs(house: House) -> None:
    async with house.open() as app:
        await app.sync(None)
        store = await SqliteStore.open(house.folder / "calsync.db")
        await store.acquire("anna", "elsewhere/1/0", house.clock.now(), timedelta(minutes=5))
        await store.close()
        assert (await app.plan("anna"))["anna"].error is None
        result = (await app.sync("anna")).accounts["anna"]
        assert (result.ok, result.error) == (False, "account anna: another process is working on it")


async def test_a_direction_that_writes_more_waits_for_a_person_across_restarts(house: House) -> None:
    house.configure(direction="left_to_right")
    async with house.open() as app:
        await app.sync(None)
    house.calendar("berta-mail").user_create(MEETING)
    house.configure(direction="both")
    for _ in range(2):
        async with house.open() as app:
            result = await app.sync(None)
        (message,) = result.accounts["berta"].messages
        assert (message.kind, message.side, message.reason) == ("hold", "left", "direction")
    assert not house.calendar("berta-crm").writes()
    async with house.open() as app:
        planned = (await app.plan("berta"))["berta"]
        assert planned.rebuild == "direction"
        assert planned.plan is not None
        assert (await app.confirm("berta", "0", "Petra")).problem is not None
        assert (await app.confirm("berta", planned.plan.hash, "Petra")).problem is None
    assert await house.audited("Petra") == [("berta", "plan_confirmed", planned.plan.hash)]
    async with house.open() as app:
        await app.sync(None)
        assert len(house.calendar("berta-crm").writes()) == 1
        assert (await app.plan("berta"))["berta"].rebuild is None


async def test_an_account_that_cannot_be_reached_is_not_confirmed(house: House) -> None:
    async with house.open() as app:
        house.plugin.ERRORS["anna-mail"] = Retry("mail: unreachable")
        with pytest.raises(Retry, match="unreachable"):
            await app.confirm("anna", "0", "Petra")


async def test_progress_is_told_by_account(house: House) -> None:
    told: list[tuple[str, int, int]] = []
    async with house.open() as app:
        await app.sync(None)
        for number in range(CHUNK + 10):
            house.calendar("berta-crm").user_create(replace(MEETING, summary=f"Termin {number}"))
        await app.sync(None, lambda name, done, total: told.append((name, done, total)))
    assert told == [("berta", CHUNK, CHUNK + 10), ("berta", CHUNK + 10, CHUNK + 10)]


async def test_an_unknown_account_names_those_that_there_are(house: House) -> None:
    async with house.open() as app:
        with pytest.raises(ConfigError, match="no account 'carla'; accounts are: anna, berta"):
            await app.sync("carla")
        assert house.plugin.CALENDARS == {}


@pytest.mark.parametrize("error", [LoginError("wrong token"), AccountError("unknown user")])
async def test_what_a_person_must_mend_stops_before_anything_is_written(house: House, error: Exception) -> None:
    async with house.open() as app:
        house.plugin.ERRORS["berta-mail"] = error
        with pytest.raises(type(error)):
            await app.sync(None)
    assert house.database() is None


async def test_several_accounts_to_mend_are_told_together(house: House) -> None:
    async with house.open() as app:
        house.plugin.ERRORS.update({"anna-crm": AccountError("no anna"), "berta-crm": AccountError("no berta")})
        with pytest.raises(ExceptionGroup) as caught:
            await app.sync(None)
    assert {str(one) for one in caught.value.exceptions} == {"no anna", "no berta"}


async def test_one_account_that_cannot_be_reached_does_not_stop_the_other(house: House) -> None:
    async with house.open() as app:
        house.plugin.ERRORS["anna-mail"] = Retry("mail: unreachable")
        result = await app.sync(None)
        planned = await app.plan()
    assert {name: account.error for name, account in result.accounts.items()} == {
        "anna": "mail: unreachable",
        "berta": None,
    }
    assert (planned["anna"].plan, planned["anna"].error) == (None, "mail: unreachable")


async def test_a_bug_fails_its_account_only_and_tells_no_text_of_it(house: House) -> None:
    async with house.open() as app:
        await app.sync(None)
        house.calendar("anna-crm").faults.add("changes", lambda: KeyError("Besichtigung bei Familie Muster"))
        result = await app.sync(None)
    assert result.accounts["berta"].ok
    error = result.accounts["anna"].error
    assert error is not None
    assert "KeyError" in error
    assert "Muster" not in error


async def test_a_failed_account_tells_what_was_done_before(house: House) -> None:
    async with house.open() as app:
        await app.sync(None)
        house.calendar("anna-crm").user_create(MEETING)
        await app.sync(None)
        house.calendar("anna-crm").user_create(replace(MEETING, summary="Notar"))
        house.calendar("anna-mail").user_create(replace(MEETING, summary="Übergabe"))
        house.calendar("anna-mail").faults.add("create", lambda: LoginError("mail: the secret has expired"))
        account = (await app.sync("anna")).accounts["anna"]
    assert (account.ok, account.error) == (False, "mail: the secret has expired")
    assert (account.left.created, account.right.created) == (1, 0)


async def test_held_writes_come_with_their_reason(house: House) -> None:
    async with house.open() as app:
        await app.sync(None)
        for calendar, copies in (("anna-crm", 2), ("anna-mail", 1)):
            for _ in range(copies):
                house.calendar(calendar).user_create(MEETING)
        account = (await app.sync("anna")).accounts["anna"]
    assert account.ok
    assert {(each.kind, each.side, each.reason, each.count) for each in account.messages} == {
        ("hold", "left", "ambiguous", 1),
        ("hold", "right", "ambiguous", 2),
    }


async def test_an_event_about_which_a_rule_did_not_answer_is_held_from_the_next_start_on(house: House) -> None:
    async with house.open() as app:
        await app.sync(None)
        crm = house.calendar("anna-crm")
        hung = crm.user_create(MEETING)
        crm.user_create(replace(MEETING, summary="anderer"))
        revision = crm.rows.rows[hung].revision
    version = read_manifest(ROOT / "plugins" / "calsync_rules").version
    hang = Hang(rule="series_skip", version=version, left=Version(hung, revision), right=None)
    place = note_beside(house.folder / "calsync.db")
    write_note(place, Note("anna", hang))
    async with house.open() as app:
        planned = (await app.plan("anna"))["anna"].plan
        assert [operation.reason for operation in planned.operations] == ["rule_hangs:series_skip", "new"]
        assert place.exists(), "a plan writes nothing"
        account = (await app.sync("anna")).accounts["anna"]
        assert (account.right.held, account.right.created) == (1, 1)
        assert [message.reason for message in account.messages] == ["rule_hangs:series_skip"]
        assert not place.exists()
        assert (await app.sync("anna")).accounts["anna"].right.held == 1
        crm.user_edit(hung, summary="neu")
        assert (await app.sync("anna")).accounts["anna"].right.created == 1


async def test_a_direction_that_a_calendar_does_not_allow_fails_its_account_only(house: House) -> None:
    house.configure(right="frozen", direction="right_to_left")
    async with house.open() as app:
        async with app.desk() as accounts:
            await accounts.direct("berta", Direction.BOTH, "Petra")
        result = await app.sync(None)
        assert result.accounts["anna"].ok
        assert result.accounts["berta"].error == "account berta: connection mail: read-only"
        async with app.desk() as accounts:
            await accounts.direct("berta", Direction.RIGHT_TO_LEFT, "Petra")
        assert (await app.sync("berta")).accounts["berta"].ok
