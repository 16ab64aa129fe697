"""The app on a plugin of its own: two systems in memory, found in a folder that the configuration names."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

import pytest

from calsync.errors import AccountError, ConfigError, LoginError, Retry, StoreError
from calsync.service.backoff import SETTLE_SECONDS
from calsync.store import SqliteStore
from calsync.sync.choices import Choice
from calsync.sync.model import Direction
from tests.house import MEETING, House


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


async def test_a_store_that_nobody_can_read_any_more_is_replaced(house: House) -> None:
    async with house.open() as app:
        await app.sync(None)
        saved = await app.backup(house.folder / "saved.db")
        (house.folder / "calsync.db").write_bytes(b"Sehr geehrte Damen und Herren, " * 100)
        await app.restore(saved)
        assert (await app.plan("anna"))["anna"].rebuild == "restored"


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
    await house.choose("berta", Direction.LEFT_TO_RIGHT)
    async with house.open() as app:
        (case,) = (await app.holds("berta"))["berta"]
        assert case.choices == (Choice.LEFT, Choice.KEEP)
        assert await app.decide("berta", [case.name], Choice.RIGHT, "Petra") == []
        assert await app.decide("berta", [case.name], Choice.LEFT, "Chefin") == [case]
    assert await house.audited("Chefin") == [("berta", "decision", "left: 1")]


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


async def test_an_account_that_is_not_there_cannot_be_set(house: House) -> None:
    async with house.open() as app, app.desk() as accounts:
        with pytest.raises(ConfigError, match="no account 'carla'; accounts are: anna, berta"):
            await accounts.switch("carla", "Petra", on=False)
