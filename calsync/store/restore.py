"""Putting a backup in the place of the store. The store that was there is kept under another name."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from calsync.errors import StoreError
from calsync.store import people_statements, statements
from calsync.store.backup import copy, verify
from calsync.store.files import beside, flush, nobody_else, remove, there, told
from calsync.store.migrate import migrate, migrations
from calsync.store.opening import connect, unchanged
from calsync.store.sqlite_connection import SqliteConnection

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from calsync.store.connection import Database


async def restore(path: Path, backup: Path, kept: Path, accounts: Iterable[str]) -> bool:
    """Put `backup` in the place of the store, which goes on as `kept`. Return whether there was one.

    Every account of the backup, and `accounts`, is marked for rebuild. Nobody is signed in, and no invitation or
    token of the backup is good. Raises StoreError for what is no backup,
    and while anybody has the store open: then nothing has changed. A crash leaves the old store or the new one.
    """
    await verify(backup)
    fresh = beside(path, ".restoring")
    try:
        await copy(backup, fresh)
        await _prepare(fresh, accounts)
        await _settle(path)
        with told(path):
            flush(fresh)
            existed = _keep(path, kept)
            fresh.replace(path)
            flush(path.parent)
    finally:
        remove(fresh)
    return existed


async def _prepare(path: Path, accounts: Iterable[str]) -> None:
    connection = await connect(str(path), str(path))
    try:
        await migrate(connection, migrations())
        await connection.write(partial(_mark, tuple(accounts)))
    finally:
        await connection.close()


def _mark(accounts: Iterable[str], database: Database) -> None:
    for account in accounts:
        database.execute(statements.NEW_ACCOUNT, {"account": account})
    for statement in (*statements.RESTORED, *people_statements.RESTORED):
        database.execute(statement)


async def _settle(path: Path) -> None:
    """Fold the store's log into its file, so that both are one. Raises StoreError while the store is open."""
    if not there(path):
        return
    with nobody_else(path, "restore again"):
        pass
    with suppress(StoreError):  # a damaged one is kept as it is, with its log, which opening might remove
        async with unchanged(path) as raw:
            await SqliteConnection(raw, str(path)).call(_read_schema)
        await (await connect(str(path), str(path))).close()


def _read_schema(database: Database) -> None:
    database.execute("SELECT * FROM sqlite_master").fetchall()


def _keep(path: Path, kept: Path) -> bool:
    """Give the store a second name; its first one is then taken over by the new file, at once."""
    existed = there(path)
    if existed:
        os.link(path, kept)
    # A log that stayed would be taken for one of the new file.
    for suffix in ("-wal", "-journal"):
        with suppress(FileNotFoundError):
            beside(path, suffix).rename(beside(kept, suffix))
    with suppress(FileNotFoundError):
        beside(path, "-shm").unlink()
    return existed
