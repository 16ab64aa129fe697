import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from calsync.records import Lease, Tombstone
from calsync.store import SqliteStore
from calsync.store.images import KEY
from calsync.sync.model import Side

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)

KILLED = """
import os, signal, sqlite3, sys

database = sqlite3.connect(sys.argv[1])
database.execute("INSERT INTO account (name) VALUES ('anna')")
row = ("anna", "left", "from the log", None, "2026-03-02T08:30:00+00:00")
database.execute("INSERT INTO tombstone VALUES (?, ?, ?, ?, ?)", row)
database.commit()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def empty(path: Path) -> Path:
    path.touch()
    return path


async def put(store: SqliteStore, lease: Lease, event_id: str) -> None:
    async with store.transaction(lease) as transaction:
        transaction.put_tombstones([Tombstone(side=Side.LEFT, event_id=event_id, revision=None, at=NOW)])


async def stored(store: SqliteStore) -> set[str]:
    return {event_id for _, event_id in (await store.load("anna", NOW)).tombstones}


def files(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.parent.iterdir()}


async def test_a_copy_is_written_without_touching_the_file(store: SqliteStore, lease: Lease, path: Path) -> None:
    await put(store, lease, "original")
    await store.close()
    before = files(path)
    copy = await SqliteStore.copy(path)
    await put(copy, lease, "planned")
    assert await stored(copy) == {"original", "planned"}
    await copy.close()
    assert files(path) == before
    assert sorted(before) == ["calsync.db", f"calsync.db{KEY}"]


async def test_a_copy_sees_what_a_running_calsync_has_committed(
    store: SqliteStore, lease: Lease, path: Path
) -> None:
    await put(store, lease, "committed")
    async with store.transaction(lease) as transaction:
        transaction.put_tombstones([Tombstone(side=Side.LEFT, event_id="open", revision=None, at=NOW)])
        copy = await SqliteStore.copy(path)
    assert await stored(copy) == {"committed"}
    await copy.close()


async def test_the_log_of_a_killed_process_is_read_and_left_as_it_is(path: Path) -> None:
    await (await SqliteStore.open(path)).close()
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)  # noqa: ASYNC221, S603
    assert killed.returncode == -signal.SIGKILL
    before = files(path)
    copy = await SqliteStore.copy(path)
    assert await stored(copy) == {"from the log"}
    await copy.close()
    after = files(path)
    for name in ("calsync.db", "calsync.db-wal"):
        assert after[name] == before[name]


async def test_a_copy_of_a_missing_file_is_empty_and_creates_none(path: Path) -> None:
    copy = await SqliteStore.copy(path)
    assert await stored(copy) == set()
    lease = await copy.acquire("anna", "x", NOW, timedelta(minutes=1))
    assert lease is not None
    await put(copy, lease, "planned")
    assert await stored(copy) == {"planned"}
    await copy.close()
    assert files(path) == {}


async def test_an_empty_file_is_copied_as_an_empty_store(empty: Path) -> None:
    copy = await SqliteStore.copy(empty)
    assert await stored(copy) == set()
    await copy.close()
    assert files(empty) == {"calsync.db": b""}


async def test_two_stores_in_memory_know_nothing_of_each_other() -> None:
    one, other = await SqliteStore.in_memory(), await SqliteStore.in_memory()
    lease = await one.acquire("anna", "x", NOW, timedelta(minutes=1))
    assert lease is not None
    await put(one, lease, "a")
    assert (await stored(one), await stored(other)) == ({"a"}, set())
    await one.close()
    await other.close()
