import asyncio
import logging
import random
import resource
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from calsync.errors import StoreError
from calsync.records import Lease, Tombstone
from calsync.store import SqliteStore
from calsync.store.failures import ADVICE, translated
from calsync.store.opening import connect
from calsync.sync.model import Event, Observation, Side, Timed
from calsync.sync.view import Seen
from tests.sqlite_file import beneath

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


@pytest.fixture
def letter(path: Path) -> Path:
    path.write_bytes(b"Sehr geehrte Damen und Herren, " * 100)
    return path


def content(path: Path) -> bytes:
    return path.read_bytes()


def overwrite(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def damage(path: Path) -> None:
    """Overwrite all but the first two pages."""
    content = path.read_bytes()
    path.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))


async def put(store: SqliteStore, lease: Lease, event_id: str, copies: int = 1) -> None:
    async with store.transaction(lease) as transaction:
        transaction.put_tombstones(
            Tombstone(side=Side.LEFT, event_id=f"{event_id}-{number}", revision=None, at=NOW)
            for number in range(copies)
        )


async def stored(store: SqliteStore) -> set[str]:
    return {event_id for _, event_id in (await store.load("anna", NOW)).tombstones}


async def pragma(store: SqliteStore, sql: str) -> None:
    await beneath(store).execute_fetchall(sql)


async def test_a_full_disk_keeps_nothing_by_half(store: SqliteStore, lease: Lease, path: Path) -> None:
    await put(store, lease, "before")
    await pragma(store, "PRAGMA max_page_count = 40")
    with pytest.raises(StoreError, match=rf"{path}: the disk is full; free some space"):
        await put(store, lease, "lost", 5000)
    assert await stored(store) == {"before-0"}
    await pragma(store, "PRAGMA max_page_count = 100000")
    await put(store, lease, "after")
    assert await stored(store) == {"before-0", "after-0"}


async def test_a_log_that_cannot_grow_keeps_nothing_by_half(store: SqliteStore, lease: Lease, path: Path) -> None:
    await put(store, lease, "before")
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = path.with_name(f"{path.name}-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10_000, unlimited[1]))
    try:
        with pytest.raises(StoreError, match=rf"{path}: the disk reports an error; check the disk and the space"):
            await put(store, lease, "lost", 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert await stored(store) == {"before-0"}
    await put(store, lease, "after")
    assert await stored(store) == {"before-0", "after-0"}


async def test_a_file_that_another_process_keeps_locked(store: SqliteStore, lease: Lease, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    locked = rf"{path}: another program keeps it locked; stop the other calsync, or try again later"
    with pytest.raises(StoreError, match=locked):
        await put(store, lease, "lost")
    await (await SqliteStore.open(path, busy_seconds=0)).close()  # there is nothing to migrate
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


async def test_two_processes_may_begin_with_a_new_file_at_once(path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # as where SQLite sets up its write-ahead log
    opening = asyncio.create_task(SqliteStore.open(path))
    await asyncio.wait([opening], timeout=0.05)
    assert not opening.done()
    other.execute("ROLLBACK")
    other.close()
    await (await opening).close()


@pytest.mark.parametrize("opening", [SqliteStore.open, SqliteStore.copy])
async def test_a_file_that_is_no_database(letter: Path, opening: Callable[[Path], Awaitable[SqliteStore]]) -> None:
    with pytest.raises(StoreError, match=r"calsync\.db.*not a database of calsync"):
        await opening(letter)


@pytest.fixture
async def full(path: Path) -> Path:
    """A store with many events, all of it in the file."""
    store = await SqliteStore.open(path)
    lease = await store.acquire("anna", "x", NOW, NOW - NOW)
    assert lease is not None
    await put(store, lease, "event", 500)
    async with store.transaction(lease) as transaction:
        transaction.put_seen(Side.LEFT, map(seen, range(500)))
    await store.close()
    return path


def seen(number: int) -> Seen:
    when = Timed(NOW, NOW + timedelta(hours=1))
    event = Event(summary=f"Besichtigung {number}", when=when, description="ä" * 40)
    return Seen(observation=Observation(id=f"event-{number}", event=event, revision="1"), first_run=1, round=1)


DAMAGED = "the file is damaged; restore it from a backup"


async def test_a_damaged_file(full: Path) -> None:
    damage(full)
    with pytest.raises(StoreError, match=rf"{full}: {DAMAGED}"):
        await load_and_close(full)


@pytest.mark.parametrize("kept", [0.9, 0.5, 0.1])
async def test_a_file_that_was_cut(full: Path, kept: float) -> None:
    whole = content(full)
    rest = whole[: int(len(whole) * kept)]
    overwrite(full, rest)
    with pytest.raises(StoreError, match=rf"{full}: {DAMAGED}"):
        await load_and_close(full)
    assert content(full) == rest


async def test_bytes_that_are_damaged_anywhere(full: Path) -> None:
    """What SQLite itself does not notice, as it keeps no checksums, is noticed where it cannot be read."""
    whole, chance, told = content(full), random.Random(11), list[str]()
    for _ in range(60):
        at, length = chance.randrange(100, len(whole)), chance.choice([1, 8, 300])
        broken = (whole[:at] + chance.randbytes(length) + whole[at + length :])[: len(whole)]
        overwrite(full, broken)
        try:
            await load_and_close(full)
        except StoreError as error:
            told.append(str(error))
            assert content(full) == broken
    assert len(told) > 10
    assert set(told) == {f"store {full}: {DAMAGED}"}


async def test_a_damage_that_even_sqlite_s_message_quotes(full: Path) -> None:
    whole = content(full)
    assert b"CREATE TABLE link" in whole
    overwrite(full, whole.replace(b"CREATE TABLE link", b"CREATE TABL\xc5 link", 1))
    with pytest.raises(StoreError, match=rf"{full}: {DAMAGED}"):
        await load_and_close(full)


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


async def test_a_store_that_can_be_written_says_so_and_is_the_same_after(
    store: SqliteStore, lease: Lease, path: Path
) -> None:
    await put(store, lease, "before")
    await store.expect_writable()
    assert await stored(store) == {"before-0"}
    (before,) = sqlite3.connect(path).execute("PRAGMA user_version").fetchone()
    await store.expect_writable()
    assert sqlite3.connect(path).execute("PRAGMA user_version").fetchone() == (before,)


async def test_a_store_that_cannot_be_written_says_why(store: SqliteStore, path: Path) -> None:
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = path.with_name(f"{path.name}-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, unlimited[1]))
    try:
        with pytest.raises(StoreError, match=rf"{path}: the disk reports an error"):
            await store.expect_writable()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    await store.expect_writable()
