"""Backups: a consistent copy of the store in one file, made while others work on it."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from calsync.errors import StoreError
from calsync.store.connection import fetch
from calsync.store.files import beside, create, flush, remove, taken, there, told
from calsync.store.migrate import check_version, migrations
from calsync.store.opening import connect, fill, unchanged
from calsync.store.sqlite_connection import SqliteConnection

if TYPE_CHECKING:
    from pathlib import Path

    from calsync.store.connection import Database


async def back_up(path: Path, target: Path) -> None:
    """Copy the store to `target`, readable by its owner only. Never over an existing file. Raises StoreError."""
    if not there(path):
        raise StoreError(f"store {path}: there is no such file, so there is nothing to back up yet")
    if there(target):
        raise StoreError(taken(target))
    part = beside(target, ".part")
    try:
        await copy(path, part)
        await verify(part)
        with told(target):
            flush(part)
            os.link(part, target)  # refused where somebody has made such a file meanwhile
            flush(target.parent)
    finally:
        remove(part)


async def copy(path: Path, target: Path) -> None:
    """Copy a database into a new file of its own. One that a kill left there is replaced."""
    remove(target)
    with told(target):
        create(target)
    connection = await connect(str(target), str(target))
    try:
        await fill(connection, path)
        # One file, that can be read anywhere.
        await connection.call(lambda database: fetch(database, "PRAGMA journal_mode = DELETE", {}))
    finally:
        await connection.close()


async def verify(path: Path) -> None:
    """Raise StoreError unless the file is a store that this calsync can read, and whole. It is not changed."""
    if not there(path):
        raise StoreError(f"backup {path}: there is no such file")
    async with unchanged(path) as raw:
        await SqliteConnection(raw, str(path)).read(partial(_check, path))


def _check(path: Path, database: Database) -> None:
    if not check_version(str(path), migrations(), database):
        raise StoreError(f"backup {path}: the file is empty; name a file that `calsync backup` made")
    found = fetch(database, "PRAGMA integrity_check", {})
    if [list(row) for row in found] != [["ok"]]:
        raise StoreError(f"backup {path}: the file is damaged; take another backup")
