"""S1: what appointments once said stands sealed in the database, and nobody reads it who has no key."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.errors import StoreError
from calsync.records import LedgerEntry, Selection
from calsync.store import SqliteStore
from calsync.store.images import KEY
from calsync.sync.model import Side

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
ENTRY = LedgerEntry(
    id=1,
    run=1,
    at=NOW,
    kind="update",
    side=Side.LEFT,
    reason="changed",
    event_id="l1",
    link=1,
    before={"summary": "Zahnarzt"},
    after={"summary": "Wurzelbehandlung"},
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calsync.db"


async def told(path: Path, account: str = "anna", *entries: LedgerEntry) -> None:
    """Have the ledger of an account tell something."""
    store = await SqliteStore.open(path)
    lease = await store.acquire(account, "test", NOW, timedelta(minutes=5))
    assert lease is not None
    async with store.transaction(lease) as transaction:
        transaction.add_ledger(entries or [ENTRY])
    await store.release(lease)
    await store.close()


async def ledger(path: Path, account: str = "anna") -> list[LedgerEntry]:
    store = await SqliteStore.open(path)
    try:
        return [*await store.ledger(account, 10)]
    finally:
        await store.close()


def stored(path: Path) -> bytes:
    return b"".join(each.read_bytes() for each in path.parent.iterdir() if KEY not in each.name)


async def test_the_file_tells_no_values_and_the_store_does(path: Path) -> None:
    await told(path)
    assert b"Zahnarzt" not in stored(path)
    assert b"Wurzelbehandlung" not in stored(path)
    assert await ledger(path) == [ENTRY]
    copy = await SqliteStore.copy(path)
    assert await copy.ledger("anna", 10) == [ENTRY]
    assert [*(await copy.writes("anna", Selection(run=1))).entries] == [ENTRY]
    await copy.close()


async def test_the_key_is_for_its_owner_only(path: Path) -> None:
    await told(path)
    key = path.with_name(path.name + KEY)
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o640)
    with pytest.raises(StoreError, match="chmod 600"):
        await ledger(path)


async def test_another_key_opens_nothing_and_stops_nothing(path: Path) -> None:
    await told(path)
    path.with_name(path.name + KEY).unlink()
    (entry,) = await ledger(path)
    assert not entry.readable
    assert entry.before == entry.after == {}
    assert entry.event_id == "l1"
    await told(path)
    assert [each.readable for each in await ledger(path)] == [False, True]


async def test_a_copy_without_a_key_beside_it_tells_no_values(path: Path, tmp_path: Path) -> None:
    await told(path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(path, elsewhere)
    copy = await SqliteStore.copy(elsewhere / "calsync.db")
    assert [each.readable for each in await copy.ledger("anna", 10)] == [False]
    await copy.close()
    assert not (elsewhere / f"calsync.db{KEY}").exists()


async def test_a_row_does_not_open_as_another_account_s(path: Path) -> None:
    await told(path)
    await told(path, "bert")
    database = sqlite3.connect(path)
    database.execute("UPDATE ledger SET before_image = (SELECT before_image FROM ledger WHERE account = 'anna')")
    database.commit()
    database.close()
    assert [each.readable for each in await ledger(path, "bert")] == [False]


@pytest.mark.parametrize("text", ["", "x", "AAAA", "ä"])
async def test_what_is_damaged_is_not_available(path: Path, text: str) -> None:
    await told(path)
    database = sqlite3.connect(path)
    database.execute("UPDATE ledger SET before_image = ?", (text,))
    database.commit()
    database.close()
    assert [each.readable for each in await ledger(path)] == [False]


async def test_images_from_before_they_were_sealed_are_read(path: Path) -> None:
    await told(path)
    database = sqlite3.connect(path)
    database.execute("""UPDATE ledger SET before_image = '{"summary":"alt"}', after_image = '{"summary":"neu"}'""")
    database.commit()
    database.close()
    (entry,) = await ledger(path)
    assert (entry.before, entry.after) == ({"summary": "alt"}, {"summary": "neu"})


async def test_a_damaged_key_is_told(path: Path) -> None:
    await told(path)
    path.with_name(path.name + KEY).write_bytes(b"short")
    with pytest.raises(StoreError, match="is no key"):
        await ledger(path)
