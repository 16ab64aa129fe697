"""The app on a plugin of its own: two systems in memory, found in a folder that the configuration names."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from calsync.engine.carry import CHUNK
from calsync.errors import AccountError, ConfigError, LoginError, Retry, StoreError
from calsync.loader.manifest import read_manifest
from calsync.service.backoff import SETTLE_SECONDS
from calsync.store import SqliteStore
from calsync.sync.asking import Hang, Version
from calsync.sync.choices import Choice
from calsync.sync.model import Direction
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


async def test_a_store_is_restored_only_while_nobody_works_on_it(house: House) -> None:
    async with house.open() as app:
        await app.sync(None)
        saved = await app.backup(None)
        assert saved == house.folder / "calsync-20260302T080000Z.db"
        store = await SqliteStore.open(house.folder / "calsync.db")
        await store.acquire("anna", "elsewhere/1/0", house.clock.now(), timedelta(minutes=5))
        await store.close()
        with pytest.raises(StoreError, match="working \\(elsewhere/1/0 at account anna\\); stop it"):
            await app.restore(saved)
        house.clock.advance(600)
        kept = await app.restore(saved)
        assert kept == house.folder / "calsync-before-restore-20260302T081000Z.db"
        house.calendar("berta-crm").user_create(MEETING)
        planned = await app.plan()
        assert {name: account.rebuild for name, account in planned.items()} == {
            "anna": "restored",
            "berta": "restored",
        }
        await app.sync(None)
        assert not house.calendar("berta-mail").writes()
        plan = planned["berta"].plan
        assert plan is not None
        assert (await app.confirm("berta", plan.hash, "Petra")).problem is None
        await app.sync(None)
        assert len(house.calendar("berta-mail").writes()) == 1
        assert (await app.plan("anna"))["anna"].rebuild == "restored"


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
    assert await audited(house, "Petra") == [("berta", "plan_confirmed", planned.plan.hash)]
    async with house.open() as app:
        await app.sync(None)
        assert len(house.calendar("berta-crm").writes()) == 1
        assert (await app.plan("berta"))["berta"].rebuild is None


async def test_a_store_that_nobody_can_read_any_more_is_replaced(house: House) -> None:
    async with house.open() as app:
        await app.sync(None)
        saved = await app.backup(house.folder / "saved.db")
        (house.folder / "calsync.db").write_bytes(b"Sehr geehrte Damen und Herren, " * 100)
        await app.restore(saved)
        assert (await app.plan("anna"))["anna"].rebuild == "restored"


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


async def test_a_check_tells_everything_that_it_finds(house: House) -> None:
    house.configure(right="frozen")
    async with house.open() as app:
        house.plugin.ERRORS["anna-crm"] = AccountError("no anna")
        found = {(each.scope, each.severity, each.message) for each in await app.check()}
    assert found == {
        ("connection crm", "ok", "signed in"),
        ("connection mail", "ok", "signed in"),
        ("account anna", "error", "no anna"),
        ("account berta", "error", "connection mail: read-only"),
    }


async def test_a_check_writes_where_it_may_and_only_if_it_is_asked_to(house: House) -> None:
    house.configure(direction="right_to_left")
    async with house.open() as app:
        told = {each.message for each in await app.check(try_writes=True)}
        assert {message for message in told if "can be written" in message} == {
            f"{key} can be written" for key in ("anna-crm", "anna-mail", "berta-crm")
        }
        assert not [each for each in await app.check() if "can be written" in each.message]


async def test_a_source_may_be_read_only(house: House) -> None:
    house.configure(right="frozen", direction="right_to_left")
    async with house.open() as app:
        found = [each for each in await app.check() if each.scope == "account berta"]
    assert [(each.severity, each.message) for each in found] == [("warning", "read-only")]


async def audited(house: House, who: str) -> list[tuple[str | None, str, str | None]]:
    """Return what the audit tells that somebody has done."""
    store = await SqliteStore.open(house.folder / "calsync.db")
    entries = await store.settings.audit(10)
    await store.close()
    return [(one.account, one.what, one.after) for one in entries if one.who == who]


async def choose(house: House, account: str, direction: Direction) -> None:
    """Let a person choose an account's direction."""
    async with house.open() as app, app.desk() as accounts:
        await accounts.direct(account, direction, "Petra")


async def test_an_account_is_checked_in_the_direction_that_a_person_has_chosen(house: House) -> None:
    house.configure(right="frozen", direction="right_to_left")
    await choose(house, "berta", Direction.BOTH)
    async with house.open() as app:
        found = [each for each in await app.check() if each.scope == "account berta"]
        assert [(each.severity, each.message) for each in found] == [("error", "connection mail: read-only")]
        told = {each.message for each in await app.check(try_writes=True)}
    assert "anna-crm can be written" in told
    house.configure(right="frozen", direction="both")
    await choose(house, "berta", Direction.RIGHT_TO_LEFT)
    async with house.open() as app:
        found = [each for each in await app.check() if each.scope == "account berta"]
    assert [(each.severity, each.message) for each in found] == [("warning", "read-only")]


async def test_a_check_leaves_the_store_alone_and_goes_on_without_one_that_cannot_be_read(house: House) -> None:
    store = house.folder / "calsync.db"
    async with house.open() as app:
        await app.check()
    assert not store.exists()
    store.write_text("of another program", "utf-8")
    async with house.open() as app:
        found = [each for each in await app.check() if each.severity != "ok"]
    ((scope, severity, message),) = [(each.scope, each.severity, each.message) for each in found]
    assert (scope, severity) == ("store", "warning")
    assert message.endswith("accounts are checked in the directions of the configuration")
    assert store.read_text("utf-8") == "of another program"


async def test_what_waits_is_offered_for_the_direction_that_a_person_has_chosen(house: House) -> None:
    house.configure(direction="both\n    policy: hold")
    async with house.open() as app:
        await app.sync("berta")
        event = house.calendar("berta-crm").user_create(MEETING)
        await app.sync("berta")
        (copy,) = house.calendar("berta-mail").events()
        house.calendar("berta-crm").user_edit(event, summary="links")
        house.calendar("berta-mail").user_edit(copy, summary="rechts")
        await app.sync("berta")
        (case,) = (await app.holds("berta"))["berta"]
        assert case.choices == (Choice.LEFT, Choice.RIGHT, Choice.KEEP)
    await choose(house, "berta", Direction.LEFT_TO_RIGHT)
    async with house.open() as app:
        (case,) = (await app.holds("berta"))["berta"]
        assert case.choices == (Choice.LEFT, Choice.KEEP)
        assert await app.decide("berta", [case.name], Choice.RIGHT, "Petra") == []
        assert await app.decide("berta", [case.name], Choice.LEFT, "Chefin") == [case]
    assert await audited(house, "Chefin") == [("berta", "decision", "left: 1")]


async def test_accounts_of_a_broken_connection_are_not_checked(house: House) -> None:
    async with house.open() as app:
        house.plugin.ERRORS["mail"] = LoginError("mail: the secret has expired")
        found = await app.check()
    assert [(each.scope, each.severity) for each in found] == [
        ("connection crm", "ok"),
        ("connection mail", "error"),
    ]


class Listener(logging.Handler):
    """Waits for a line of the log."""

    def __init__(self, awaited: str) -> None:
        super().__init__()
        self.heard = asyncio.Event()
        self._awaited = awaited

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() == self._awaited:
            self.heard.set()


@pytest.mark.parametrize(
    "error",
    [Retry("mail: unreachable"), LoginError("mail: wrong token"), AccountError("no anna"), KeyError("Muster")],
)
async def test_the_service_goes_on_with_what_it_could_not_open_at_first(
    house: House, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    caplog.set_level(logging.INFO, "calsync.service")
    listener = Listener("account anna works again")
    logging.getLogger("calsync.service").addHandler(listener)
    stop = asyncio.Event()
    async with house.open() as app:
        house.plugin.ERRORS["anna-mail"] = error
        service = asyncio.create_task(app.run(stop, asyncio.Event()))
        await house.clock.until_sleeping(2)
        assert house.calendar("berta-mail").calls
        warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
        assert len(warnings) == 1
        assert warnings[0].startswith("account anna failed, next try in ")
        assert isinstance(error, KeyError) or warnings[0].endswith(f": {error}")
        house.plugin.ERRORS.clear()
        house.clock.advance(3600)
        await listener.heard.wait()
        stop.set()
        await service
        assert house.calendar("anna-mail").calls
    logging.getLogger("calsync.service").removeHandler(listener)


async def test_the_service_does_not_start_where_every_account_needs_a_person(house: House) -> None:
    async with house.open() as app:
        house.plugin.ERRORS["mail"] = LoginError("mail: the secret has expired")
        with pytest.raises(LoginError, match="the secret has expired"):
            await app.run(asyncio.Event(), asyncio.Event())
        house.plugin.ERRORS.update(
            {"anna-crm": Retry("crm: unreachable"), "mail": ConfigError(["mail: no schema"])}
        )
        with pytest.raises(ConfigError, match="no schema"):
            await app.run(asyncio.Event(), asyncio.Event())
    assert b"anna" not in (house.database() or b"")


async def test_a_ring_runs_its_account_long_before_the_poll(house: House) -> None:
    stop = asyncio.Event()
    async with house.open() as app:
        await app.sync(None)
        calendar = house.calendar("anna-mail")
        calendar.behaviour.doorbell = True
        service = asyncio.create_task(app.run(stop, asyncio.Event()))
        await house.clock.until_due(SETTLE_SECONDS)  # what rang when the listening began
        house.clock.advance(SETTLE_SECONDS)
        await house.clock.until_sleeping(2)
        calendar.user_create(MEETING)
        calendar.ring()
        await house.clock.until_due(SETTLE_SECONDS)
        house.clock.advance(SETTLE_SECONDS)
        while not house.calendar("anna-crm").events():  # noqa: ASYNC110 - the run is what is waited for
            await asyncio.sleep(0)
        stop.set()
        await service
    assert calendar.listeners == []


async def test_an_account_that_is_switched_off_waits_in_every_process(house: House) -> None:
    async with house.open() as app:
        await app.sync(None)
        async with app.desk() as accounts:
            await accounts.switch("anna", "Petra", on=False)
        house.calendar("anna-crm").user_create(MEETING)
        anna = (await app.sync("anna")).accounts["anna"]
        assert (anna.ok, anna.off, anna.right.created) == (True, True, 0)
    async with house.open() as app:
        planned = (await app.plan("anna"))["anna"].plan
        assert planned is not None
        assert [operation.kind for operation in planned.operations] == ["create"]
        async with app.desk() as accounts:
            await accounts.switch("anna", "Petra", on=True)
        assert (await app.sync("anna")).accounts["anna"].right.created == 1


async def test_a_chosen_direction_wins_over_the_configuration_and_waits_where_it_writes_more(house: House) -> None:
    house.configure(direction="left_to_right")
    async with house.open() as app:
        await app.sync(None)
        house.calendar("berta-mail").user_create(MEETING)
        async with app.desk() as accounts:
            await accounts.direct("berta", Direction.BOTH, "Petra")
        (message,) = (await app.sync("berta")).accounts["berta"].messages
        assert (message.kind, message.side, message.reason) == ("hold", "left", "direction")
    assert not house.calendar("berta-crm").writes()
    async with house.open() as app:
        plan = (await app.plan("berta"))["berta"].plan
        assert plan is not None
        assert (await app.confirm("berta", plan.hash, "Petra")).problem is None
        await app.sync("berta")
        assert len(house.calendar("berta-crm").writes()) == 1


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


async def test_an_account_that_is_not_there_cannot_be_set(house: House) -> None:
    async with house.open() as app, app.desk() as accounts:
        with pytest.raises(ConfigError, match="no account 'carla'; accounts are: anna, berta"):
            await accounts.switch("carla", "Petra", on=False)
