"""An export tells everything that the store holds about an account, and nothing about others."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from calsync.records import LedgerEntry
from calsync.store import SqliteStore
from calsync.store.export import TABLES, export
from calsync.sync.model import Side

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


async def kept(path: Path, account: str, word: str) -> None:
    """Keep a word about an account."""
    store = await SqliteStore.open(path)
    lease = await store.acquire(account, "test", NOW, timedelta(minutes=5))
    assert lease is not None
    entry = LedgerEntry(run=1, at=NOW, kind="update", side=Side.LEFT, reason="changed", before={"summary": word})
    async with store.transaction(lease) as transaction:
        transaction.add_ledger([entry])
    await store.release(lease)
    await store.close()


async def test_no_table_that_names_accounts_is_forgotten(tmp_path: Path) -> None:
    store = await SqliteStore.in_memory()
    found = await store._reader.call(
        lambda database: [
            name
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            if any(row["name"] == "account" for row in database.execute(f"PRAGMA table_info({name})").fetchall())
        ]
    )
    await store.close()
    assert {*found} == {*TABLES, "ownership"}


async def test_what_is_sealed_is_opened_and_others_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "calsync.db"
    await kept(path, "anna", "Arzt")
    await kept(path, "ben", "Notar")
    found = await export(path, "anna")
    assert found is not None
    (entry,) = found["ledger"]
    assert entry["before"] == {"summary": "Arzt"}
    assert "Notar" not in json.dumps(found)


async def test_an_unknown_account_has_nothing(tmp_path: Path) -> None:
    path = tmp_path / "calsync.db"
    assert await export(path, "anna") is None
    assert not path.exists()
    await kept(path, "ben", "Notar")
    assert await export(path, "anna") is None


async def test_a_missing_key_hides_values_and_no_row(tmp_path: Path) -> None:
    path = tmp_path / "calsync.db"
    await kept(path, "anna", "Arzt")
    path.with_name("calsync.db.ledger-key").unlink()
    found = await export(path, "anna")
    assert found is not None
    assert [(row["kind"], row["before"]) for row in found["ledger"]] == [("update", None)]
