"""A backup is whole, private, and never written over anything; what is no store is never restored."""
# ruff: noqa: ASYNC240 - small files on a local disk, and nothing else that waits

import asyncio
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from calsync.errors import StoreError
from calsync.records import Lease, SideState, Tombstone
from calsync.store import SqliteStore, back_up, restore
from calsync.store.images import KEY
from calsync.sync.model import Side

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


async def put(store: SqliteStore, lease: Lease, *event_ids: str) -> None:
    async with store.transaction(lease) as transaction:
        transaction.put_side(Side.LEFT, SideState(token="abc", listed_at=NOW, listed_run=3, round=3))
        transaction.put_tombstones(
            Tombstone(side=Side.LEFT, event_id=each, revision=None, at=NOW) for each in event_ids
        )


async def stored(path: Path) -> set[str]:
    store = await SqliteStore.open(path)
    found = {event_id for _, event_id in (await store.load("anna", NOW)).tombstones}
    await store.close()
    return found


def names(folder: Path) -> set[str]:
    """Return what lies in a folder, but for the keys that the ledgers of opened stores are sealed with."""
    return {file.name for file in folder.iterdir() if not file.name.endswith(KEY)}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return tmp_path / "saved.db"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "kept.db"


async def test_a_backup_holds_what_was_committed_while_others_write(
    store: SqliteStore, lease: Lease, path: Path, saved: Path
) -> None:
    await put(store, lease, "committed")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE tombstone SET event_id = 'open'")
    await back_up(path, saved)
    other.execute("ROLLBACK")
    other.close()
    await put(store, lease, "later")
    assert await stored(saved) == {"committed"}


async def test_a_backup_is_one_file_of_its_owner(
    store: SqliteStore, lease: Lease, path: Path, saved: Path
) -> None:
    await store.close()
    await back_up(path, saved)
    assert names(saved.parent) == {"calsync.db", "saved.db"}
    assert saved.stat().st_mode & 0o777 == 0o600


async def test_a_backup_has_no_key(store: SqliteStore, path: Path, saved: Path) -> None:
    await store.close()
    await back_up(path, saved)
    assert {file.name for file in path.parent.iterdir() if file.name.endswith(KEY)} == {f"calsync.db{KEY}"}


async def test_a_backup_is_never_written_over_a_file(store: SqliteStore, path: Path, saved: Path) -> None:
    saved.write_text("a letter")
    with pytest.raises(StoreError, match=r"saved\.db exists already and is not overwritten"):
        await back_up(path, saved)
    assert saved.read_text() == "a letter"


async def test_what_a_kill_left_of_a_backup_is_no_obstacle(store: SqliteStore, path: Path, saved: Path) -> None:
    saved.with_name("saved.db.part").write_text("half")
    await back_up(path, saved)
    assert "saved.db.part" not in names(saved.parent)


async def test_without_a_store_there_is_nothing_to_back_up(path: Path, saved: Path) -> None:
    with pytest.raises(StoreError, match="nothing to back up"):
        await back_up(path, saved)
    assert names(path.parent) == set()


async def test_a_damaged_store_gives_no_backup(path: Path, saved: Path) -> None:
    store = await SqliteStore.open(path)
    lease = await store.acquire("anna", "x", NOW, timedelta(minutes=1))
    assert lease is not None
    await put(store, lease, *map(str, range(2000)))
    await store.close()
    content = path.read_bytes()
    path.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))
    with pytest.raises(StoreError, match="damaged"):
        await back_up(path, saved)
    assert not saved.exists()


async def test_a_restored_store_is_as_it_was_and_waits_for_a_person(path: Path, saved: Path, kept: Path) -> None:
    store = await SqliteStore.open(path)
    lease = await store.acquire("anna", "x", NOW, timedelta(minutes=1))
    assert lease is not None
    await put(store, lease, "early")
    await back_up(path, saved)
    await put(store, lease, "late")
    await store.close()
    assert await restore(path, saved, kept, ["berta"])
    assert await stored(path) == {"early"}
    assert await stored(kept) == {"early", "late"}
    assert await stored(saved) == {"early"}
    assert names(path.parent) == {"calsync.db", "saved.db", "kept.db"}
    assert path.stat().st_mode & 0o777 == 0o600
    store = await SqliteStore.open(path)
    for account in ("anna", "berta"):
        state = await store.load(account, NOW)
        assert state.rebuild == "restored"
        assert (state.sides[Side.LEFT].token, state.sides[Side.LEFT].listed_at) == (None, None)
    assert await store.holders() == []
    await store.close()


async def test_a_backup_is_restored_where_there_is_no_store(
    store: SqliteStore, path: Path, saved: Path, kept: Path
) -> None:
    await store.close()
    await back_up(path, saved)
    path.unlink()
    assert not await restore(path, saved, kept, [])
    assert names(path.parent) == {"calsync.db", "saved.db"}


async def test_a_damaged_store_is_kept_with_its_log(path: Path, saved: Path, kept: Path) -> None:
    await (await SqliteStore.open(path)).close()
    await back_up(path, saved)
    path.write_bytes(b"\xff" * 9000)
    path.with_name("calsync.db-wal").write_bytes(b"log")
    await restore(path, saved, kept, [])
    assert kept.read_bytes() == b"\xff" * 9000
    assert kept.with_name("kept.db-wal").read_bytes() == b"log"
    assert await stored(path) == set()


async def test_nothing_is_restored_while_a_store_is_open(
    store: SqliteStore, path: Path, saved: Path, kept: Path
) -> None:
    await back_up(path, saved)
    await store.close()
    held = await held_open(path)
    with pytest.raises(StoreError, match="another calsync has it open; stop it"):
        await restore(path, saved, kept, [])
    held.terminate()
    await held.wait()
    assert not kept.exists()
    assert "calsync.db.restoring" not in names(path.parent)
    await restore(path, saved, kept, [])


async def held_open(path: Path) -> asyncio.subprocess.Process:
    """Start a process that has opened the store and does nothing with it."""
    code = (
        "import sqlite3, sys, time; database = sqlite3.connect(sys.argv[1]);"
        "database.execute('SELECT * FROM account').fetchall();"
        "print('open', flush=True); time.sleep(60)"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, str(path), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    return process


async def test_a_backup_that_is_no_store_is_refused_and_nothing_changes(
    store: SqliteStore, path: Path, saved: Path, kept: Path
) -> None:
    await store.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="there is no such file"):
        await restore(path, saved, kept, [])
    saved.write_bytes(b"Sehr geehrte Damen und Herren, " * 100)
    with pytest.raises(StoreError, match="not a database of calsync"):
        await restore(path, saved, kept, [])
    saved.write_bytes(b"")
    with pytest.raises(StoreError, match="the file is empty"):
        await restore(path, saved, kept, [])
    assert path.read_bytes() == before
    assert names(path.parent) == {"calsync.db", "saved.db"}


async def test_a_backup_of_a_newer_calsync_is_refused(
    store: SqliteStore, path: Path, saved: Path, kept: Path
) -> None:
    await store.close()
    await back_up(path, saved)
    with sqlite3.connect(saved) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StoreError, match=r"saved\.db.*newer calsync"):
        await restore(path, saved, kept, [])
    assert not kept.exists()


async def test_back_from_a_newer_calsync_leads_a_backup_of_before(
    store: SqliteStore, lease: Lease, path: Path, saved: Path, kept: Path
) -> None:
    await put(store, lease, "before")
    await store.close()
    await back_up(path, saved)
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StoreError, match="newer calsync"):
        await SqliteStore.open(path)
    assert await restore(path, saved, kept, [])
    assert await stored(path) == {"before"}
    assert kept.exists()


async def test_the_name_for_the_present_store_is_never_taken_from_a_file(
    store: SqliteStore, path: Path, saved: Path, kept: Path
) -> None:
    await store.close()
    await back_up(path, saved)
    kept.write_text("a letter")
    with pytest.raises(StoreError, match="exists already"):
        await restore(path, saved, kept, [])
    assert kept.read_text() == "a letter"
    assert await stored(path) == set()
