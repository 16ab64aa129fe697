"""Erasing an account from the store: its rows, and the space they stood in.

SQLite leaves what is deleted in the file until the space is used again, and in its log until that is folded in. So
deleted content is overwritten (secure_delete), the file is written anew (VACUUM) and the log cut off.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from calsync.store.connection import fetch
from calsync.store.files import nobody_else, there
from calsync.store.migrate import migrate, migrations
from calsync.store.opening import connect

if TYPE_CHECKING:
    from pathlib import Path

    from calsync.store.connection import Database

# What belongs to the account goes with its row. The audit, whom somebody is elsewhere, and turns only name it.
ERASE = (
    "DELETE FROM account WHERE name = :account",
    """
    DELETE FROM audit WHERE account = :account OR after = :account
        OR (what = 'assigned' AND substr(after, length(after) - length(:account) - 1) = ': ' || :account)
    """,
    "DELETE FROM assignment WHERE member = :account",
    "DELETE FROM turn WHERE account = :account",
)
KEEP_OFF = "INSERT INTO account (name, enabled) VALUES (:account, 0)"


async def erase(path: Path, account: str, *, keep_off: bool) -> None:
    """Erase an account for good. `keep_off`: keep its name, switched off, as it would begin by itself otherwise.

    Raises StoreError, also while anybody has the store open: then nothing has changed. One that is not there holds
    nothing. May be done again after a crash.
    """
    if not there(path):
        return
    with nobody_else(path, "erase again"):
        pass
    connection = await connect(str(path), str(path))
    try:
        await migrate(connection, migrations())
        await connection.call(_alone)
        await connection.write(partial(erase_rows, account, keep_off))
        await connection.call(_write_anew)
    finally:
        await connection.close()


def _alone(database: Database) -> None:
    """Let nobody else open the file from now on; raises sqlite3.Error where somebody has it open."""
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    database.execute("PRAGMA secure_delete = ON")


def erase_rows(account: str, keep_off: bool, database: Database) -> None:
    """Delete all rows about an account."""
    for statement in (*ERASE, *([KEEP_OFF] if keep_off else [])):
        database.execute(statement, {"account": account})


def _write_anew(database: Database) -> None:
    database.execute("VACUUM")
    fetch(database, "PRAGMA wal_checkpoint(TRUNCATE)", {})
