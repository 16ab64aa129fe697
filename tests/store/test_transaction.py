import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from calsync.errors import StoreError
from calsync.records import Lease, Tombstone
from calsync.store import SqliteStore
from calsync.store.connection import Database, settled
from calsync.sync.model import Link, Side

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


def tombstone(event_id: str) -> Tombstone:
    return Tombstone(side=Side.LEFT, event_id=event_id, revision=None, at=NOW)


async def stored(store: SqliteStore) -> set[str]:
    return {event_id for _, event_id in (await store.load("anna", NOW)).tombstones}


async def put(store: SqliteStore, lease: Lease, *event_ids: str) -> None:
    async with store.transaction(lease) as transaction:
        for event_id in event_ids:
            transaction.put_tombstones([tombstone(event_id)])


async def test_an_error_leaves_no_trace(store: SqliteStore, lease: Lease) -> None:
    async def fail() -> None:
        async with store.transaction(lease) as transaction:
            transaction.put_tombstones([tombstone("lost")])
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    await put(store, lease, "kept")
    assert await stored(store) == {"kept"}


async def test_readers_do_not_see_what_is_not_committed(store: SqliteStore, lease: Lease) -> None:
    async with store.transaction(lease) as transaction:
        transaction.put_tombstones([tombstone("a")])
        assert await stored(store) == set()
    assert await stored(store) == {"a"}


async def test_a_task_that_is_cancelled_inside_leaves_no_trace(store: SqliteStore, lease: Lease) -> None:
    inside = asyncio.Event()

    async def never_ends() -> None:
        async with store.transaction(lease) as transaction:
            transaction.put_tombstones([tombstone("lost")])
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(never_ends())
    await inside.wait()
    waiting = asyncio.create_task(put(store, lease, "kept"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await waiting
    assert await stored(store) == {"kept"}


async def test_a_commit_that_is_cancelled_ends_before_its_task(store: SqliteStore, lease: Lease) -> None:
    event_ids = {f"{number}" for number in range(2000)}
    begun = asyncio.Event()

    async def commit() -> None:
        async with store.transaction(lease) as transaction:
            transaction.put_tombstones(map(tombstone, event_ids))
            asyncio.get_running_loop().call_soon(begun.set)

    task = asyncio.create_task(commit())
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert await stored(store) == event_ids


async def test_transactions_wait_for_each_other(store: SqliteStore, lease: Lease) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(put(store, lease, f"{number}-a", f"{number}-b"))
    assert len(await stored(store)) == 40


async def test_a_failed_statement_takes_its_whole_transaction_with_it(store: SqliteStore, lease: Lease) -> None:
    async def fail() -> None:
        async with store.transaction(lease) as transaction:
            transaction.put_tombstones([tombstone("lost")])
            transaction.put_links([Link(id=1, left="a", right="b"), Link(id=2, left="a", right="c")])
            transaction.put_tombstones([tombstone("never reached")])

    with pytest.raises(StoreError, match=r"(?i)unique"):
        await fail()
    state = await store.load("anna", NOW)
    assert (state.tombstones, state.links) == ({}, {})
    await put(store, lease, "next")


async def test_an_error_that_is_not_of_the_database_rolls_back_too(store: SqliteStore) -> None:
    def fail(database: Database) -> None:
        database.execute("INSERT INTO account (name) VALUES ('lost')")
        raise LookupError

    def count(database: Database) -> int:
        number: int = database.execute("SELECT count(*) FROM account").fetchone()[0]
        return number

    with pytest.raises(LookupError):
        await store._writer.write(fail)
    assert await store._writer.write(count) == 0


async def test_a_transaction_needs_the_newest_fence(store: SqliteStore, lease: Lease) -> None:
    newer = await store.acquire("anna", "runner-2", lease.until, timedelta(minutes=1))
    assert newer is not None
    with pytest.raises(StoreError, match="another calsync has taken over account anna"):
        await put(store, lease, "lost")
    await put(store, newer, "kept")
    assert await stored(store) == {"kept"}


async def test_settled_work_ends_before_the_cancellation_goes_on() -> None:
    release, ended = asyncio.Event(), []

    async def work() -> None:
        await release.wait()
        ended.append(True)

    task = asyncio.create_task(settled(work()))
    for _ in range(3):
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True]


async def test_settled_work_that_fails_while_cancelled_tells_why() -> None:
    release = asyncio.Event()

    async def work() -> None:
        await release.wait()
        raise LookupError

    task = asyncio.create_task(settled(work()))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    release.set()
    with pytest.raises(asyncio.CancelledError) as cancelled:
        await task
    assert isinstance(cancelled.value.__cause__, LookupError)
