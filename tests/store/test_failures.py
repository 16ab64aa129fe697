import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from calsync.errors import StoreError
from calsync.records import Lease, Tombstone
from calsync.store import SqliteStore
from calsync.store.failures import ADVICE, translated
from calsync.store.opening import connect
from calsync.sync.model import Side

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


@pytest.fixture
def letter(path: Path) -> Path:
    path.write_bytes(b"Sehr geehrte Damen und Herren, " * 100)
    return path


def damage(path: Path) -> None:
    """Overwrite all but the first two pages."""
    content = path.read_bytes()
    path.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))


async def put(store: SqliteStore, lease: Lease, event_id: str, copies: int = 1) -> None:
    async with store.transaction(lease) as transaction:
        await transaction.put_tombstones(
            Tombstone(side=Side.LEFT, event_id=f"{event_id}-{number}", revision=None, at=NOW)
            for number in range(copies)
        )


async def stored(store: SqliteStore) -> set[str]:
    return {event_id for _, event_id in (await store.load("anna", NOW)).tombstones}


async def pragma(store: SqliteStore, sql: str) -> None:
    await store._writer._database.execute_fetchall(sql)


async def test_a_full_disk_keeps_nothing_by_half(store: SqliteStore, lease: Lease, path: Path) -> None:
    await put(store, lease, "before")
    await pragma(store, "PRAGMA max_page_count = 40")
    with pytest.raises(StoreError, match=rf"{path}: the disk is full; free some space"):
        await put(store, lease, "lost", 5000)
    assert await stored(store) == {"before-0"}
    await pragma(store, "PRAGMA max_page_count = 100000")
    await put(store, lease, "after")
    assert await stored(store) == {"before-0", "after-0"}


async def test_a_file_that_another_process_keeps_locked(store: SqliteStore, lease: Lease, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another program keeps it locked"):
        await put(store, lease, "lost")
    other.execute("ROLLBACK")
    other.close()
    await put(store, lease, "after")
    assert await stored(store) == {"after-0"}


async def test_a_short_lock_is_waited_for(path: Path) -> None:
    store = await SqliteStore.open(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(store.acquire("anna", "x", NOW, NOW - NOW))
    await asyncio.wait([waiting], timeout=0.05)
    assert not waiting.done()
    other.execute("ROLLBACK")
    assert await waiting is not None
    other.close()
    await store.close()


@pytest.mark.parametrize("opening", [SqliteStore.open, SqliteStore.copy])
async def test_a_file_that_is_no_database(letter: Path, opening: Callable[[Path], Awaitable[SqliteStore]]) -> None:
    with pytest.raises(StoreError, match=r"calsync\.db.*not a database of calsync"):
        await opening(letter)


async def test_a_damaged_file(path: Path) -> None:
    store = await SqliteStore.open(path)
    lease = await store.acquire("anna", "x", NOW, NOW - NOW)
    assert lease is not None
    await put(store, lease, "event", 2000)
    await store.close()
    damage(path)
    with pytest.raises(StoreError, match="damaged; restore it from a backup"):
        await load_and_close(path)


async def load_and_close(path: Path) -> None:
    store = await SqliteStore.open(path)
    try:
        await store.load("anna", NOW)
    finally:
        await store.close()


async def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="its folder must exist"):
        await SqliteStore.open(tmp_path / "missing" / "calsync.db")


async def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        await SqliteStore.open(tmp_path)


async def test_a_read_only_file(path: Path) -> None:
    await (await SqliteStore.open(path)).close()
    database = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    with pytest.raises(StoreError, match="read-only; let calsync's user write to both"), translated("x"):
        database.execute("CREATE TABLE a (x)")
    database.close()


async def test_a_file_system_without_shared_memory_is_refused(path: Path) -> None:
    with pytest.raises(StoreError, match="use a local disk"):
        await connect(f"{path.as_uri()}?vfs=unix-dotfile", str(path))


@pytest.mark.parametrize("code", ADVICE)
def test_every_known_code_says_what_to_do(code: int) -> None:
    error = sqlite3.OperationalError("whatever")
    error.sqlite_errorcode = code | 0x300  # an extended code
    with pytest.raises(StoreError, match="store here: ") as refused, translated("here"):
        raise error
    assert ADVICE[code] in str(refused.value)
    assert refused.value.__cause__ is error


def test_an_error_without_a_code_is_told_as_it_is() -> None:
    with pytest.raises(StoreError, match="refused \\(Cannot operate"), translated("here"):
        raise sqlite3.ProgrammingError("Cannot operate on a closed database.")


async def test_no_value_reaches_a_log(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    store = await SqliteStore.open(path)
    lease = await store.acquire("canary-account", "x", NOW, NOW - NOW)
    assert lease is not None
    await put(store, lease, "canary-event")
    await store.close()
    assert "canary" not in caplog.text
