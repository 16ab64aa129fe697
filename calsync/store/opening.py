"""Opening databases: the file with its settings, or a copy of it in memory."""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from calsync.errors import StoreError
from calsync.store.failures import translated
from calsync.store.files import there
from calsync.store.sqlite_connection import SqliteConnection, Threaded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

MEMORY = ":memory:"
MOST_TURNS = 100
"""How many others may be first where several processes begin with a new file."""


def create_private(path: Path) -> None:
    """Create the file for its owner only: SQLite gives its write-ahead log the same mode."""
    try:
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise StoreError(
            f"store {path}: the file cannot be created ({error.strerror}); its folder must exist and calsync's"
            " user must own it"
        ) from error


async def connect(database: str, place: str, busy_seconds: float = 0) -> SqliteConnection:
    """Open a database with the settings that keep what was acknowledged. `place` names it in messages."""
    raw = await _open(database, place)
    try:
        with translated(place):
            await _set_up(raw, place, busy_seconds)
    except BaseException:
        await raw.close()
        raise
    return SqliteConnection(raw, place)


@asynccontextmanager
async def unchanged(path: Path) -> AsyncIterator[Threaded]:
    """Open a file that exists, to be read: nothing about it changes."""
    raw = await _open(_source(path), str(path))
    try:
        with translated(str(path)):
            raw.row_factory = sqlite3.Row
            await raw.execute("PRAGMA query_only = ON")
        yield raw
    finally:
        await raw.close()


async def fill(target: SqliteConnection, path: Path) -> None:
    """Copy a file into an open database. A file that does not exist is an empty one."""
    if there(path):
        async with unchanged(path) as raw:
            await target.back_up(raw)


async def _open(database: str, place: str) -> Threaded:
    # On the level DEBUG it would log every statement with its values: subjects, notes, ids.
    logging.getLogger("aiosqlite").setLevel(logging.INFO)
    failures: list[sqlite3.Error] = []

    def connector() -> sqlite3.Connection:
        # Raised in here, an error would leave aiosqlite's thread running for a moment that nobody can wait for.
        try:
            return sqlite3.connect(database, isolation_level=None, uri=database.startswith("file:"))
        except sqlite3.Error as error:
            failures.append(error)
            return sqlite3.connect(MEMORY)

    raw = Threaded(connector, iter_chunk_size=64)
    await raw
    for failure in failures:
        await raw.close()
        with translated(place):
            raise failure
    return raw


async def _set_up(raw: Threaded, place: str, busy_seconds: float) -> None:
    raw.row_factory = sqlite3.Row
    await raw.execute(f"PRAGMA busy_timeout = {round(busy_seconds * 1000)}")
    mode = await _journal_mode(raw)
    await raw.execute("PRAGMA synchronous = FULL")
    await raw.execute("PRAGMA foreign_keys = ON")
    if mode not in ("wal", "memory"):
        raise StoreError(f"store {place}: the file system cannot keep a database safe; use a local disk")


async def _journal_mode(raw: Threaded) -> str:
    """Switch to the write-ahead log, and return the mode that there is then.

    SQLite does not wait for another process that makes the same new file its own, but for its turn to write.
    """
    for _ in range(MOST_TURNS):
        try:
            return await _ask_for_wal(raw)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            await raw.execute("BEGIN IMMEDIATE")
            await raw.execute("ROLLBACK")
    return await _ask_for_wal(raw)


async def _ask_for_wal(raw: Threaded) -> str:
    ((mode,),) = await raw.execute_fetchall("PRAGMA journal_mode = WAL")
    return str(mode)


def _source(path: Path) -> str:
    """Return how to open a file without changing it.

    Opened for reading only, SQLite would leave an empty write-ahead log behind; opened for writing it would fold
    one that is there into the file. Nothing is written either way, `query_only` sees to that.
    """
    mode = "ro" if path.with_name(f"{path.name}-wal").exists() else "rw"
    return f"{path.absolute().as_uri()}?mode={mode}"
