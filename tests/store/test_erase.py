"""Erasing an account leaves nothing of it in the file, and touches nobody else."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from calsync.errors import StoreError
from calsync.records import AuditEntry
from calsync.store import FileRuns, SqliteStore
from calsync.store.erase import erase
from calsync.store.export import export
from tests.store.test_export import NOW, kept

if TYPE_CHECKING:
    from pathlib import Path


async def told(path: Path, account: str | None, what: str, after: str) -> None:
    store = await SqliteStore.open(path)
    await store.settings.note(
        AuditEntry(at=NOW, who="Chefin", account=account, what=what, before=None, after=after)
    )
    await store.close()


def found_in(folder: Path, word: str) -> list[str]:
    return [path.name for path in folder.iterdir() if word.encode() in path.read_bytes()]


async def test_nothing_is_left_of_an_account(tmp_path: Path) -> None:
    path = tmp_path / "calsync.db"
    await kept(path, "anna-weg", "Arzt")
    await kept(path, "ben", "Notar")
    await told(path, "anna-weg", "enabled", "off")
    await told(path, None, "account_added", "anna-weg")
    await told(path, None, "assigned", "Anna: anna-weg")
    await told(path, "ben", "enabled", "off")
    before = await export(path, "ben")
    await erase(path, "anna-weg", keep_off=False)
    assert found_in(tmp_path, "anna-weg") == []
    assert await export(path, "anna-weg") is None
    assert await export(path, "ben") == before
    await erase(path, "anna-weg", keep_off=False)  # again, as after a crash


async def test_what_would_begin_by_itself_is_kept_switched_off(tmp_path: Path) -> None:
    path = tmp_path / "calsync.db"
    await kept(path, "anna", "Arzt")
    await erase(path, "anna", keep_off=True)
    store = await SqliteStore.open(path)
    assert (await store.settings.get("anna")).off
    await store.close()
    found = await export(path, "anna")
    assert found is not None
    assert {name for name, rows in found.items() if rows} == {"account"}


async def test_a_store_that_somebody_has_open_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "calsync.db"
    await kept(path, "anna", "Arzt")
    store = await SqliteStore.open(path)
    before = await export(path, "anna")
    with pytest.raises(StoreError):
        await erase(path, "anna", keep_off=False)
    assert await export(path, "anna") == before
    await store.close()


async def test_the_file_stays_a_whole_store(tmp_path: Path) -> None:
    path = tmp_path / "calsync.db"
    await kept(path, "anna", "Arzt")
    await erase(path, "anna", keep_off=False)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    await kept(path, "anna", "wieder da")


async def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    await erase(tmp_path / "calsync.db", "anna", keep_off=True)
    assert found_in(tmp_path, "") == []


async def test_the_name_beside_the_store_is_overwritten(tmp_path: Path) -> None:
    runs = FileRuns(tmp_path / "calsync.db.runs")
    for account in ("anna", "anna-zwei", "ben"):
        await runs.put(account, 7)
    await runs.erase("anna")
    assert await runs.all() == {"anna-zwei": 7, "ben": 7}
    assert b" anna\n" not in (tmp_path / "calsync.db.runs").read_bytes()
    await runs.put("anna", 1)
    await runs.put("ben", 8)
    assert await runs.all() == {"anna": 1, "anna-zwei": 7, "ben": 8}
    await runs.erase("nobody")
