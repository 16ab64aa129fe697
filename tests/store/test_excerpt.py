"""What a plan reads of one account is copied, and nothing else of a store that may be large."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from calsync.errors import StoreError
from calsync.records import Lease, LedgerEntry, SideState, Tombstone
from calsync.store import SqliteStore
from calsync.store.connection import Database
from calsync.store.excerpt import WHOLE
from calsync.store.migrate import migrate, migrations
from calsync.store.opening import connect
from calsync.sync.model import Base, Event, Link, Side, State, Timed
from calsync.sync.plan import Kind
from tests.store.test_sqlite import intent, seen

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
WEEK = NOW - timedelta(days=7)
DAY = NOW - timedelta(hours=24)


def written(at: datetime, run: int, kind: Kind = Kind.UPDATE) -> LedgerEntry:
    return LedgerEntry(run=run, at=at, kind=kind, side=Side.RIGHT, reason="new", event_id="r", link=1)


async def remember(store: SqliteStore, lease: Lease, *ledger: LedgerEntry) -> None:
    base = Base.of(Event(summary="Notar", when=Timed(NOW, NOW + timedelta(hours=1))), 1)
    async with store.transaction(lease) as transaction:
        transaction.begin_run(7)
        transaction.put_side(Side.LEFT, SideState(token=f"{lease.account}'s", calendar="c"))
        transaction.put_seen(Side.LEFT, [seen("l1"), seen("l2")])
        transaction.put_links(
            [Link(id=1, left="l1", right="r1", state=State.AWAKE, left_base=base, right_base=base)]
        )
        transaction.put_intents([intent(f"{lease.account}-marker")])
        transaction.put_tombstones([Tombstone(side=Side.LEFT, event_id="gone", revision=None, at=NOW)])
        transaction.add_ledger(ledger)


async def count(store: SqliteStore, table: str) -> int:
    (row,) = await store._read(f"SELECT count(*) AS number FROM {table}", {})  # noqa: S608
    return int(row["number"])


async def test_an_account_is_the_same_in_its_excerpt(store: SqliteStore, lease: Lease, path: Path) -> None:
    await remember(store, lease, written(NOW - timedelta(days=20), 1), written(NOW, 7, Kind.DELETE))
    await store.settings.set_enabled("anna", False, "Chef", NOW)
    excerpt = await SqliteStore.excerpt(path, "anna", WEEK)
    assert await excerpt.load("anna", DAY) == await store.load("anna", DAY)
    assert (await excerpt.settings.get("anna")).off
    assert await excerpt.holders() == await store.holders()
    await excerpt.close()


async def test_of_other_accounts_nothing_is_copied(store: SqliteStore, lease: Lease, path: Path) -> None:
    await remember(store, lease, written(NOW, 7))
    other = await store.acquire("bernd", "runner-2", NOW, timedelta(minutes=1))
    assert other is not None
    await remember(store, other, written(NOW, 7))
    excerpt = await SqliteStore.excerpt(path, "anna", WEEK)
    tables = ("account", "side", "seen", "link", "intent", "tombstone", "ledger")
    assert [await count(excerpt, table) for table in tables] == [1, 1, 2, 1, 1, 1, 1]
    await excerpt.close()


async def test_of_a_long_ledger_the_first_and_the_last_entries_are_copied(
    store: SqliteStore, lease: Lease, path: Path
) -> None:
    days = (20, 19, 18, 8, 6, 6, 5, 4)
    entries = [written(NOW - timedelta(days=before), run) for run, before in enumerate(days)]
    await remember(store, lease, *entries)
    excerpt = await SqliteStore.excerpt(path, "anna", WEEK)
    assert [entry.run for entry in await excerpt.ledger("anna", 99)] == [0, 4, 5, 6, 7]
    assert await excerpt.repeats("anna", WEEK, 4) == await store.repeats("anna", WEEK, 4)
    assert (await excerpt.load("anna", DAY)).begun == 0
    await excerpt.close()


async def test_what_is_planned_on_it_leaves_the_file_as_it_is(
    store: SqliteStore, lease: Lease, path: Path
) -> None:
    await remember(store, lease)
    await store.close()
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    excerpt = await SqliteStore.excerpt(path, "anna", WEEK)
    await excerpt.expire("runner-1")
    own = await excerpt.acquire("anna", "planner", NOW, timedelta(minutes=1))
    assert own is not None
    await remember(excerpt, own, written(NOW, 8))
    await excerpt.close()
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before


async def test_an_unknown_account_and_a_missing_file_give_an_empty_store(store: SqliteStore, path: Path) -> None:
    for place in (path, path.with_name("missing.db")):
        excerpt = await SqliteStore.excerpt(place, "nobody", WEEK)
        assert (await excerpt.load("nobody", DAY)).seen == {Side.LEFT: {}, Side.RIGHT: {}}
        await excerpt.close()
    assert not path.with_name("missing.db").exists()


@pytest.mark.parametrize("version", [1, 5, 8])
async def test_a_file_of_an_earlier_calsync_is_understood(path: Path, version: int) -> None:
    connection = await connect(str(path), str(path))
    await migrate(connection, migrations()[:version])

    def put(database: Database) -> None:
        database.execute("INSERT INTO account (name, run) VALUES ('anna', 3)")
        database.execute("INSERT INTO side (account, side, token, round) VALUES ('anna', 'left', 'abc', 2)")

    await connection.write(put)
    await connection.close()
    excerpt = await SqliteStore.excerpt(path, "anna", WEEK)
    state = await excerpt.load("anna", DAY)
    assert (state.run, state.sides[Side.LEFT].token, state.sides[Side.LEFT].written) == (3, "abc", None)
    await excerpt.close()


async def test_a_file_of_another_program_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE customer (name TEXT)")
    database.close()
    with pytest.raises(StoreError, match="another program"):
        await SqliteStore.excerpt(path, "anna", WEEK)


async def test_a_file_of_a_newer_calsync_is_refused(path: Path) -> None:
    await (await SqliteStore.open(path)).close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StoreError, match="newer calsync"):
        await SqliteStore.excerpt(path, "anna", WEEK)


async def test_each_table_about_accounts_is_copied_or_left_behind_on_purpose(
    store: SqliteStore, path: Path
) -> None:
    tables = await store._read("SELECT name FROM pragma_table_list WHERE schema = 'main'", {})
    about = {
        row["name"]
        for row in tables
        if await store._read(f"SELECT 1 FROM pragma_table_info('{row['name']}') WHERE name = 'account'", {})  # noqa: S608
    }
    assert about == {*WHOLE, "ledger", "run", "unsynced", "ownership", "audit", "turn"}
