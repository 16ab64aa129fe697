"""A person's word is stored once, about what is still held, and outlives neither its hold nor a backup."""

import sqlite3
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from calsync.records import AccountState, Held, Lease
from calsync.store import SqliteStore, back_up, restore
from calsync.store.migrate import migrate, migrations
from calsync.store.opening import MEMORY, connect
from calsync.sync.choices import Choice, Decision
from calsync.sync.model import Side
from calsync.sync.plan import Kind
from calsync.testing.clock import START as NOW
from calsync.values import replace

HELD = Held(side=Side.RIGHT, event_id="r1", kind=Kind.DELETE, reason="brake_deletes", since=NOW)
DECISION = Decision(
    side=HELD.side,
    event_id=HELD.event_id,
    kind=HELD.kind,
    reason=HELD.reason,
    choice=Choice.RELEASE,
    fingerprint="abc",
    since=HELD.since,
    at=NOW + timedelta(hours=1),
)


@pytest.fixture
async def held(store: SqliteStore, lease: Lease) -> Lease:
    """Have one delete held."""
    async with store.transaction(lease) as transaction:
        transaction.set_holds([HELD])
    return lease


def _execute(sql: str, database: sqlite3.Connection) -> None:
    database.execute(sql)


async def load(store: SqliteStore) -> AccountState:
    return await store.load("anna", NOW)


async def test_a_decision_is_read_with_its_account(store: SqliteStore, held: Lease) -> None:
    assert await store.decisions.put("anna", [DECISION]) == [DECISION]
    assert await store.decisions.of("anna") == [DECISION]
    assert (await load(store)).decisions == {HELD.key: DECISION}
    assert await store.decisions.of("bert") == []


@pytest.mark.parametrize(
    "other",
    [
        replace(DECISION, event_id="r2"),
        replace(DECISION, side=Side.LEFT),
        replace(DECISION, kind=Kind.UPDATE),
        replace(DECISION, reason="conflict"),
        replace(DECISION, since=NOW - timedelta(microseconds=1)),
    ],
)
async def test_what_is_not_held_cannot_be_decided(store: SqliteStore, held: Lease, other: Decision) -> None:
    assert await store.decisions.put("anna", [other, DECISION]) == [DECISION]


async def test_the_first_decision_stands(store: SqliteStore, held: Lease) -> None:
    await store.decisions.put("anna", [DECISION])
    assert await store.decisions.put("anna", [replace(DECISION, choice=Choice.KEEP)]) == []
    assert await store.decisions.of("anna") == [DECISION]


async def test_one_about_other_values_takes_its_place(store: SqliteStore, held: Lease) -> None:
    await store.decisions.put("anna", [DECISION])
    other = replace(DECISION, choice=Choice.KEEP, fingerprint="def")
    assert await store.decisions.put("anna", [other]) == [other]
    assert await store.decisions.of("anna") == [other]


async def test_who_drops_a_decision_drops_no_later_one(store: SqliteStore, held: Lease) -> None:
    later = replace(DECISION, fingerprint="def", at=NOW + timedelta(hours=2))
    await store.decisions.put("anna", [later])
    for dropped, left in ((DECISION, [later]), (later, [])):
        async with store.transaction(held) as transaction:
            transaction.drop_decisions([dropped])
        assert await store.decisions.of("anna") == left


@pytest.mark.parametrize("heard", [False, True])
async def test_what_was_decided_while_a_run_went_on_is_held_until_the_next_one_has_heard_of_it(
    store: SqliteStore, held: Lease, heard: bool
) -> None:
    await store.decisions.put("anna", [DECISION])
    async with store.transaction(held) as transaction:
        transaction.drop_decisions([DECISION] if heard else [])
        transaction.set_holds([])
    assert (await load(store)).holds == ({} if heard else {HELD.key: HELD})
    assert (await load(store)).decisions == ({} if heard else {HELD.key: DECISION})


async def test_what_is_decided_is_held_as_the_next_run_says(store: SqliteStore, held: Lease) -> None:
    await store.decisions.put("anna", [DECISION])
    by_rule = replace(HELD, rule="cautious")
    async with store.transaction(held) as transaction:
        transaction.set_holds([by_rule])
    assert (await load(store)).holds == {HELD.key: by_rule}


async def test_a_rebuild_drops_decisions_and_takes_none(store: SqliteStore, held: Lease) -> None:
    await store.decisions.put("anna", [DECISION])
    async with store.transaction(held) as transaction:
        transaction.set_rebuild("behind")
    assert await store.decisions.of("anna") == []
    assert await store.decisions.put("anna", [DECISION]) == []
    async with store.transaction(held) as transaction:
        transaction.set_rebuild(None)
    assert await store.decisions.put("anna", [DECISION]) == [DECISION]


async def test_a_restored_backup_has_no_decisions(store: SqliteStore, held: Lease, path: Path) -> None:
    await store.decisions.put("anna", [DECISION])
    backup = path.with_name("backup.db")
    await back_up(path, backup)
    await store.close()
    await restore(path, backup, path.with_name("kept.db"), ["anna"])
    restored = await SqliteStore.open(path)
    assert (await load(restored)).holds == {HELD.key: HELD}
    assert await restored.decisions.of("anna") == []
    await restored.close()


async def test_the_same_is_held_for_two_reasons(store: SqliteStore, lease: Lease) -> None:
    both = [replace(HELD, kind=Kind.UPDATE, reason=reason) for reason in ("brake_rewrites", "conflict")]
    async with store.transaction(lease) as transaction:
        transaction.set_holds(both)
    assert list((await load(store)).holds.values()) == both


async def test_what_was_held_before_stays_held() -> None:
    connection = await connect(MEMORY, MEMORY)
    await migrate(connection, [each for each in migrations() if each.number < 9])
    values = f"('anna', 'right', 'r1', 'delete', 'brake_deletes', '{NOW:%Y-%m-%dT%H:%M:%S.%f}+00:00')"
    for sql in ("INSERT INTO account (name) VALUES ('anna')", f"INSERT INTO hold VALUES {values}"):  # noqa: S608
        await connection.write(partial(_execute, sql))
    await migrate(connection, migrations())
    store = SqliteStore(connection, connection)
    assert (await load(store)).holds == {HELD.key: HELD}
    await store.close()
