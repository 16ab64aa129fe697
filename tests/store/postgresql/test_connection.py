from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import psycopg
import pytest

from calsync.errors import StoreError
from calsync.records import Lease, Tombstone
from calsync.store.postgresql.connection import place_of
from calsync.store.postgresql.store import PostgresStore
from calsync.sync.model import Side

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from calsync.store import SqlStore
    from calsync.store.connection import Database
    from tests.postgresql import Server

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LOCK = "SELECT 1 FROM account WHERE name = 'anna' FOR UPDATE"


@pytest.fixture
async def store(empty_database: str) -> AsyncIterator[PostgresStore]:
    store = await PostgresStore.open(empty_database, lock_seconds=0.5)
    yield store
    await store.close()


async def put(store: SqlStore, lease: Lease, event_id: str) -> None:
    async with store.transaction(lease) as transaction:
        transaction.put_tombstones([Tombstone(side=Side.LEFT, event_id=event_id, revision=None, at=NOW)])


async def stored(store: SqlStore) -> set[str]:
    return {event_id for _, event_id in (await store.load("anna", NOW)).tombstones}


async def test_who_waits_too_long_for_an_account_is_told_why(
    store: PostgresStore, lease: Lease, empty_database: str
) -> None:
    with psycopg.connect(empty_database) as other:
        other.execute(LOCK)
        for refused in (put(store, lease, "lost"), store.renew(lease, NOW, MINUTE)):
            with pytest.raises(StoreError, match="another program keeps it locked"):
                await refused
    await put(store, lease, "kept")
    assert await stored(store) == {"kept"}


async def test_accounts_do_not_wait_for_each_other(
    store: PostgresStore, lease: Lease, empty_database: str
) -> None:
    with psycopg.connect(empty_database) as other:
        other.execute(LOCK)
        bert = await store.acquire("bert", "runner-1", NOW, MINUTE)
        assert bert is not None
        await put(store, bert, "b")
        assert await stored(store) == set()  # what is read waits for nobody either


async def test_a_lease_is_not_taken_before_the_commit_of_its_holder_has_ended(
    store: PostgresStore, lease: Lease, empty_database: str
) -> None:
    """Also not by who knows that the holder is dead: the server may be carrying out its last commit."""
    other = await PostgresStore.open(empty_database)
    inside, go_on = threading.Event(), threading.Event()

    def slow(database: Database) -> None:
        database.execute("INSERT INTO tombstone VALUES ('anna', 'left', 'late', NULL, '2026-03-02T08:30:00Z')")
        inside.set()
        assert go_on.wait(20)

    writing = asyncio.ensure_future(store._writer.write(slow, "anna"))
    await asyncio.to_thread(inside.wait, 20)
    taking = asyncio.create_task(other.expire("runner-1"))
    done, _ = await asyncio.wait([taking], timeout=0.2)
    assert not done
    go_on.set()
    await writing
    await taking
    newer = await other.acquire("anna", "runner-2", NOW, MINUTE)
    assert newer is not None
    assert await stored(other) == {"late"}
    with pytest.raises(StoreError, match="taken over"):
        await put(store, lease, "lost")
    await other.close()


async def test_of_two_that_want_an_account_one_gets_it(empty_database: str) -> None:
    stores = [await PostgresStore.open(empty_database) for _ in range(2)]
    for number in range(20):
        taken = await asyncio.gather(
            *(store.acquire(f"a{number}", f"runner-{which}", NOW, MINUTE) for which, store in enumerate(stores))
        )
        assert sum(lease is not None for lease in taken) == 1
    for each in stores:
        await each.close()


async def test_a_connection_that_was_cut_is_replaced(
    store: PostgresStore, lease: Lease, empty_database: str
) -> None:
    await put(store, lease, "before")
    with psycopg.connect(empty_database, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'calsync'")
    await put(store, lease, "after")
    assert await stored(store) == {"before", "after"}


async def test_a_server_that_goes_away_is_told_and_found_again(
    store: PostgresStore, lease: Lease, postgresql: Server
) -> None:
    await put(store, lease, "before")
    postgresql.stop()
    try:
        for refused in (put(store, lease, "lost"), stored(store)):
            with pytest.raises(StoreError, match=r"the server (cannot be reached|was stopped)"):
                await refused
    finally:
        postgresql.start()
    await put(store, lease, "after")
    assert await stored(store) == {"before", "after"}


async def test_a_connection_that_is_cut_in_the_middle_leaves_nothing(
    store: PostgresStore, lease: Lease, empty_database: str
) -> None:
    def cut(database: Database) -> None:
        database.execute("INSERT INTO tombstone VALUES ('anna', 'left', 'lost', NULL, '2026')")
        with psycopg.connect(empty_database, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'tombstone'::regclass")
        database.execute("SELECT 1")

    with pytest.raises(StoreError, match="the server was stopped"):
        await store._writer.write(cut, "anna")
    await put(store, lease, "kept")
    assert await stored(store) == {"kept"}


async def test_whoever_freezes_in_the_middle_is_cut_off_and_goes_on_later(
    store: PostgresStore, lease: Lease, empty_database: str
) -> None:
    def freeze(database: Database) -> None:
        database.execute("SET LOCAL idle_in_transaction_session_timeout = '1ms'")
        ((pid,),) = database.execute("SELECT pg_backend_pid()").fetchall()
        with psycopg.connect(empty_database, autocommit=True) as other:
            while other.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone():
                pass

    with pytest.raises(StoreError, match=r"idle-in-transaction timeout|the server cannot be reached"):
        await store._writer.write(freeze, "anna")
    await put(store, lease, "kept")
    assert await stored(store) == {"kept"}


async def test_a_server_that_takes_no_writes_is_told(store: PostgresStore, empty_database: str) -> None:
    await store.expect_writable()
    refusing = await PostgresStore.open(f"{empty_database} options='-c default_transaction_read_only=on'")
    with pytest.raises(StoreError, match="the server takes no writes now"):
        await refusing.expect_writable()
    await refusing.close()


async def test_what_the_server_undoes_is_done_again(empty_database: str) -> None:
    store = await PostgresStore.open(empty_database)
    both = threading.Barrier(2)
    turns: list[str] = []

    def work(first: str, then: str, database: Database) -> None:
        turns.append(first)
        for number, name in enumerate((first, then)):
            database.execute("UPDATE account SET run = run + 1 WHERE name = :name", {"name": name})
            if not number and len(turns) <= 2:
                both.wait(20)

    for name in ("a", "b"):
        await store.acquire(name, "x", NOW, MINUTE)
    await asyncio.gather(
        store._writer.write(partial(work, "a", "b"), "nobody"),
        store._writer.write(partial(work, "b", "a"), "nobody else"),
    )
    assert len(turns) >= 3
    assert (await store.load("a", NOW)).run == (await store.load("b", NOW)).run == 2
    await store.close()


async def test_whoever_freezes_does_not_keep_an_account(store: PostgresStore) -> None:
    (row,) = await store._read("SHOW idle_in_transaction_session_timeout", {})
    assert tuple(row) == ("30s",)


async def test_who_is_not_let_in_is_told_without_the_password(postgresql: Server) -> None:
    conninfo = postgresql.conninfo.replace("dbname=postgres", "dbname=nowhere password=geheim")
    with pytest.raises(StoreError, match="does not let calsync in; see that it runs") as refused:
        await PostgresStore.open(conninfo)
    assert "geheim" not in str(refused.value)


async def test_a_database_that_holds_no_utf8_is_refused(postgresql: Server) -> None:
    with psycopg.connect(postgresql.conninfo, autocommit=True) as connection:
        connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        try:
            with pytest.raises(StoreError, match="must be made with the encoding UTF8"):
                await PostgresStore.open(postgresql.conninfo.replace("dbname=postgres", "dbname=latin"))
        finally:
            connection.execute("DROP DATABASE latin")


@pytest.mark.parametrize(
    ("conninfo", "place"),
    [
        ("postgresql://calsync:geheim@db.example.de:5433/agency?sslmode=verify-full", "db.example.de/agency"),
        ("host=/run/postgresql dbname=agency user=calsync password=geheim", "/run/postgresql/agency"),
        ("dbname=agency", "localhost/agency"),
    ],
)
def test_messages_name_the_server_and_the_database_only(conninfo: str, place: str) -> None:
    assert place_of(conninfo) == f"postgresql://{place}"
