"""Numbered migrations: SQL files, each applied in a transaction of its own and recorded in the database.

The number of the last one stands in `user_version`, which SQLite changes together with the transaction; the
`application_id` tells a database of calsync from any other.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from calsync.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calsync.store.connection import Connection

APPLICATION_ID = 0x63616C73
"""`cals` in ASCII."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, and its statements in order."""

    number: int
    statements: tuple[str, ...]


def migrations() -> Sequence[Migration]:
    """Return the migrations that this version of calsync knows, the oldest first."""
    files = resources.files("calsync.store").joinpath("migrations").iterdir()
    texts = sorted((int(file.name[:4]), file.read_text("utf-8")) for file in files if file.name.endswith(".sql"))
    return [Migration(number, tuple(_statements(text))) for number, text in texts]


async def migrate(connection: Connection, known: Sequence[Migration]) -> None:
    """Bring the database up to the newest known migration. Raises StoreError for one that is newer or foreign."""
    for migration in known:
        async with connection.transaction("IMMEDIATE"):
            # Read inside the transaction: another process may be migrating at the same time.
            version = await _version(connection)
            if version < migration.number:
                await _apply(connection, migration)
    async with connection.transaction("DEFERRED"):
        await check_version(connection, known)


async def check_version(connection: Connection, known: Sequence[Migration]) -> int:
    """Return the database's version, 0 for an empty one. Raises StoreError for one that is newer or foreign."""
    version = await _version(connection)
    newest = known[-1].number
    if version > newest:
        raise StoreError(
            f"store {connection.place}: it was written by a newer calsync (migration {version}, this one knows"
            f" {newest}); upgrade calsync, or restore the backup from before its upgrade"
        )
    return version


async def _apply(connection: Connection, migration: Migration) -> None:
    for statement in migration.statements:
        await connection.execute(statement, {})
    await connection.execute(f"PRAGMA application_id = {APPLICATION_ID}", {})
    await connection.execute(f"PRAGMA user_version = {migration.number}", {})


async def _version(connection: Connection) -> int:
    """Return the number of the last migration that was applied. Raises StoreError for a foreign database."""
    version = await _number(connection, "PRAGMA user_version")
    tables = await _number(connection, "SELECT count(*) FROM sqlite_master")
    if (version or tables) and await _number(connection, "PRAGMA application_id") != APPLICATION_ID:
        raise StoreError(
            f"store {connection.place}: the database belongs to another program; name another file under"
            " service: store"
        )
    return version


async def _number(connection: Connection, sql: str) -> int:
    (row,) = await connection.fetch(sql, {})
    return int(next(iter(row.values())))


def _statements(text: str) -> Iterator[str]:
    """Split a file into statements, which SQLite's own scripts would run outside of a transaction."""
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
