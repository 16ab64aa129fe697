"""A plan is kept in a file, looked at, and carried out by the app exactly so, or not at all."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from calsync.desk import Audit
from calsync.errors import ConfigError, Retry, StoreError
from calsync.once import Once
from calsync.store import SqliteStore
from calsync.values import replace
from tests.house import MEETING, House

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@asynccontextmanager
async def opened(house: House) -> AsyncIterator[Any]:
    """Open an app whose two accounts were synced, and have something to do."""
    async with house.open() as app:
        await app.sync(None)
        house.calendar("anna-crm").user_create(replace(MEETING, summary="Zahnarzt"))
        house.calendar("berta-mail").user_create(replace(MEETING, summary="Notar"))
        yield app


async def planned(house: House, app: Any, *accounts: str) -> Path:
    path = house.folder / "plan.json"
    app.write_plans(path, await app.plan(*accounts))
    return path


def events(house: House, calendar: str) -> list[str]:
    return sorted(event.summary for event in house.calendar(calendar).events().values())


async def test_of_several_accounts_all_that_was_approved_is_carried_out(house: House) -> None:
    async with opened(house) as app:
        path = await planned(house, app)
        assert house.calendar("anna-mail").writes() == []
        result = await app.sync(None, plan=path)
        assert [one.ok for one in result.accounts.values()] == [True, True]
    assert events(house, "anna-mail") == ["Zahnarzt"]
    assert events(house, "berta-crm") == ["Notar"]


async def test_one_of_them_alone_is_carried_out(house: House) -> None:
    async with opened(house) as app:
        path = await planned(house, app, "berta", "anna")
        assert list(json.loads(path.read_text())["accounts"]) == ["berta", "anna"]
        assert list((await app.sync("berta", plan=path)).accounts) == ["berta"]
    assert (events(house, "anna-mail"), events(house, "berta-crm")) == ([], ["Notar"])


async def test_of_another_account_there_is_no_plan(house: House) -> None:
    async with opened(house) as app:
        path = await planned(house, app, "anna")
        with pytest.raises(ConfigError, match="has no plan of account 'berta'; it has those of: anna"):
            await app.sync("berta", plan=path)


async def test_one_account_that_has_changed_does_not_stop_the_others(house: House) -> None:
    async with opened(house) as app:
        path = await planned(house, app)
        house.calendar("anna-crm").user_create(replace(MEETING, summary="Rückruf"))
        result = await app.sync(None, plan=path)
        assert {name: one.ok for name, one in result.accounts.items()} == {"anna": False, "berta": True}
        drift = result.accounts["anna"].drift
        assert [(each.what, each.line.summary) for each in drift.moved] == [("added", "Rückruf")]
        assert "(1 added); nothing was written" in result.accounts["anna"].error
    assert (events(house, "anna-mail"), events(house, "berta-crm")) == ([], ["Notar"])


async def test_a_plan_is_carried_out_once_and_the_audit_says_by_whom(house: House) -> None:
    async with opened(house) as app:
        path = await planned(house, app, "anna")
        assert (await app.sync(None, plan=path, who="Petra")).accounts["anna"].ok
        again = (await app.sync(None, plan=path, who="Petra")).accounts["anna"]
        assert "(1 gone); nothing was written" in (again.error or "")
    assert events(house, "anna-mail") == ["Zahnarzt"]
    store = await SqliteStore.open(house.folder / "calsync.db")
    audit = [(one.who, one.account, one.what, one.after) for one in await store.settings.audit(9)]
    await store.close()
    assert audit == [("Petra", "anna", "plan_applied", json.loads(path.read_text())["accounts"]["anna"]["hash"])]


async def test_an_audit_that_cannot_be_kept_is_told_of_its_account_and_stops_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = Audit.note_by

    async def full(audit: Audit, who: str, what: str, value: str, *, account: str) -> None:
        if account == "anna":
            raise StoreError("the disk is full")
        await note(audit, who, what, value, account=account)

    monkeypatch.setattr(Audit, "note_by", full)
    async with opened(house) as app:
        result = await app.sync(None, plan=await planned(house, app))
    anna = result.accounts["anna"]
    assert (anna.ok, anna.error, anna.right.created) == (False, "the disk is full", 1)
    assert result.accounts["berta"].ok
    assert (events(house, "anna-mail"), events(house, "berta-crm")) == (["Zahnarzt"], ["Notar"])


async def test_a_bug_with_one_account_lets_the_runs_of_others_come_to_their_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync, broken = Once._sync_one, asyncio.Event()

    async def one(once: Once, store: Any, name: str, *rest: Any) -> Any:
        if name == "anna":
            broken.set()
            raise ZeroDivisionError
        await broken.wait()
        await asyncio.sleep(0)
        return await sync(once, store, name, *rest)

    async with opened(house) as app:
        monkeypatch.setattr(Once, "_sync_one", one)
        with pytest.raises(ZeroDivisionError):
            await app.sync(None)
    assert (events(house, "anna-mail"), events(house, "berta-crm")) == ([], ["Notar"])


async def test_an_account_that_is_switched_off_is_left_as_it_is(house: House) -> None:
    async with opened(house) as app:
        path = await planned(house, app, "anna")
        async with app.desk() as desk:
            await desk.switch("anna", "Petra", on=False)
        assert (await app.sync(None, plan=path)).accounts["anna"].off
    assert events(house, "anna-mail") == []


async def test_an_account_that_is_gone_from_the_configuration_is_told(house: House) -> None:
    async with opened(house) as app:
        path = await planned(house, app)
    text = (house.folder / "calsync.yaml").read_text()
    (house.folder / "calsync.yaml").write_text(text[: text.index("  berta:")])
    async with house.open() as app:
        with pytest.raises(ConfigError, match="there is no account 'berta'; accounts are: anna"):
            await app.sync(None, plan=path)


async def test_a_store_that_was_put_back_is_told(house: House) -> None:
    async with opened(house) as app:
        backup = await app.backup(house.folder / "backup.db")
        path = await planned(house, app, "anna")
        await app.restore(backup)
        told = (await app.sync(None, plan=path)).accounts["anna"].error
        assert (
            "did not wait for a confirmation when the plan was made, and it waits for one now (restored)" in told
        )
    assert events(house, "anna-mail") == []


async def test_a_first_sync_that_asks_is_approved_by_its_plan(house: House) -> None:
    configured = house.folder / "calsync.yaml"
    configured.write_text(configured.read_text().replace("  anna:\n", "  anna:\n    first_sync: ask\n"))
    async with opened(house) as app:
        await app.sync("anna")
        assert events(house, "anna-mail") == []
        plans = await app.plan("anna")
        assert plans["anna"].rebuild == "first_sync"
        path = await planned(house, app, "anna")
        assert (await app.sync(None, plan=path)).accounts["anna"].ok
    assert events(house, "anna-mail") == ["Zahnarzt"]


async def test_an_account_that_could_not_be_planned_is_in_no_file(house: House) -> None:
    async with opened(house) as app:
        house.calendar("anna-crm").faults.add("changes", lambda: Retry("down"), times=None)
        plans = await app.plan()
        assert (plans["anna"].made, plans["anna"].error) == (None, "down")
        assert plans["berta"].made is not None
