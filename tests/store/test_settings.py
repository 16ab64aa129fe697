"""What people choose stands in the store, with who chose it, and every process sees it at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from calsync.errors import StoreError
from calsync.records import AuditEntry, Setting
from calsync.store import SqliteStore
from calsync.sync.model import Direction

if TYPE_CHECKING:
    from pathlib import Path

    from calsync.records import Lease
    from calsync.testing import FakeClock


async def test_nothing_is_set_before_somebody_sets_it(store: SqliteStore, lease: Lease) -> None:
    assert await store.settings.get("nobody") == Setting()
    assert await store.settings.all() == {"anna": Setting()}
    assert await store.settings.audit(10) == []


async def test_a_setting_is_seen_by_every_process_and_keeps_the_lease(
    store: SqliteStore, path: Path, clock: FakeClock, lease: Lease
) -> None:
    other = await SqliteStore.open(path)
    await other.settings.set_enabled("anna", False, "Petra", clock.now())
    await other.settings.set_direction("anna", Direction.LEFT_TO_RIGHT, "Petra", clock.now())
    await other.close()
    assert await store.settings.get("anna") == Setting(enabled=False, direction=Direction.LEFT_TO_RIGHT)
    assert (await store.settings.get("anna")).off
    assert await store.leases() == [lease]


async def test_an_account_that_never_ran_can_be_set(store: SqliteStore, clock: FakeClock) -> None:
    await store.settings.set_enabled("bert", False, "Petra", clock.now())
    assert (await store.settings.all())["bert"].off


async def test_of_many_accounts_that_are_switched_all_are_or_none(store: SqliteStore, clock: FakeClock) -> None:
    await store.settings.set_enabled("bert", False, "Kai", clock.now())
    await store.settings.set_all_enabled(["anna", "bert"], False, "Petra", clock.now())
    assert [one.off for one in (await store.settings.all()).values()] == [True, True]
    assert [(one.who, one.account) for one in await store.settings.audit(9)] == [
        ("Kai", "bert"),
        ("Petra", "anna"),
    ]
    with pytest.raises(StoreError):
        await store.settings.set_all_enabled(["anna", cast("str", b"\xff")], True, "Petra", clock.now())
    assert [one.off for one in (await store.settings.all()).values()] == [True, True]


async def test_every_change_is_told_with_who_did_it_and_nothing_else_is(
    store: SqliteStore, clock: FakeClock
) -> None:
    began = clock.now()
    for value in (False, False, True, None):
        await store.settings.set_enabled("anna", value, "Petra", clock.now())
        clock.advance(60)
    await store.settings.set_direction("bert", Direction.BOTH, "Kai", began)
    told = await store.settings.audit(10)
    assert [(one.who, one.account, one.what, one.before, one.after) for one in told] == [
        ("Petra", "anna", "enabled", None, "off"),
        ("Petra", "anna", "enabled", "off", "on"),
        ("Petra", "anna", "enabled", "on", None),
        ("Kai", "bert", "direction", None, "both"),
    ]
    assert told[0].at == began
    assert await store.settings.audit(1) == told[3:]
    assert await store.settings.audit(2, "anna") == told[1:3]
    assert isinstance(told[0], AuditEntry)


async def test_a_change_that_is_kept_elsewhere_is_told_among_the_others(
    store: SqliteStore, clock: FakeClock
) -> None:
    await store.settings.set_enabled("anna", False, "Petra", clock.now())
    entry = AuditEntry(
        at=clock.now(), who="Kai", account=None, what="person_invited", before=None, after="Bert (user)"
    )
    await store.settings.note(entry)
    assert (await store.settings.audit(9))[1:] == [entry]


async def test_a_run_that_read_nothing_keeps_the_time_of_the_last_good_one(
    store: SqliteStore, clock: FakeClock, lease: Lease
) -> None:
    began = clock.now()
    await store.release(lease, began)
    again = await store.acquire("anna", "runner-1", clock.now(), lease.until - began)
    assert again is not None
    await store.release(again)
    assert (await store.settings.get("anna")).good_at == began


async def test_whoever_switches_an_account_it_is_known_at_once(
    store: SqliteStore, path: Path, clock: FakeClock
) -> None:
    other = await SqliteStore.open(path)
    seen = []
    for each, on in ((other, True), (other, False), (store, True), (store, False)):
        await each.settings.set_enabled("anna", on, "Petra", clock.now())
        seen.append((await store.settings.is_off("anna"), await other.settings.is_off("anna")))
    await other.close()
    assert seen == [(False, False), (True, True)] * 2


async def test_the_switch_is_read_again_only_behind_a_commit(
    store: SqliteStore, path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    del path  # SQLite alone tells of commits
    asked = []
    get = store.settings.get

    async def counted(account: str) -> Setting:
        asked.append(account)
        return await get(account)

    monkeypatch.setattr(store.settings, "get", counted)
    assert [await store.settings.is_off("anna") for _ in range(3)] == [False] * 3
    await store.settings.set_enabled("bert", False, "Petra", clock.now())
    assert [await store.settings.is_off(name) for name in ("anna", "bert") * 3] == [False, True] * 3
    assert asked == ["anna", "anna", "bert"]


async def test_what_was_read_before_a_commit_is_not_taken_for_what_stands_behind_it(
    store: SqliteStore, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = store.settings.get

    async def overtaken(account: str) -> Setting:
        found = await get(account)
        monkeypatch.undo()
        await store.settings.set_enabled("anna", False, "Petra", clock.now())
        assert not await store.settings.is_off("bert")
        return found

    monkeypatch.setattr(store.settings, "get", overtaken)
    await store.settings.is_off("anna")
    assert await store.settings.is_off("anna")


async def test_where_commits_are_not_told_the_switch_is_read_each_time(
    store: SqliteStore, path: Path, clock: FakeClock
) -> None:
    del path
    assert not await store.settings.is_off("anna")
    assert store._commits is not None
    store._commits.close()
    assert not await store.settings.is_off("anna")
    await store.settings.set_enabled("anna", False, "Petra", clock.now())
    assert await store.settings.is_off("anna")
