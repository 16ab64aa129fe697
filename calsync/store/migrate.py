"""Numbered migrations: SQL files, each applied in a transaction of its own and recorded in the database.

The number of the last one stands in `user_version`, which SQLite changes together with the transaction; the
`application_id` tells a database of calsync from any other.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from functools import cache, partial
from importlib import resources
from typing import TYPE_CHECKING

from calsync.errors import StoreError
from calsync.store import name_keys
from calsync.store.sqlite_connection import transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from calsync.store.connection import Connection, Database


APPLICATION_ID = 0x63616C73
"""`cals` in ASCII."""


FILLED: Mapping[int, Sequence[Callable[[Database], None]]] = {14: (name_keys.fill,)}
"""What fills in what no statement can say, within the same transaction, by the migration's number."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, and its statements in order."""

    number: int
    statements: tuple[str, ...]


@cache
def migrations() -> Sequence[Migration]:
    """Return the migrations that this version of calsync knows, the oldest first."""
    files = resources.files("calsync.store").joinpath("migrations").iterdir()
    texts = sorted((int(file.name[:4]), file.read_text("utf-8")) for file in files if file.name.endswith(".sql"))
    return [Migration(number, tuple(_statements(text))) for number, text in texts]


async def migrate(connection: Connection, known: Sequence[Migration]) -> None:
    """Bring the database up to the newest known migration. Raises StoreError for one that is newer or foreign."""
    await connection.call(partial(bring_up, connection.place, known))


def bring_up(place: str, known: Sequence[Migration], database: Database) -> None:
    """Do what `migrate` does, in the connection's thread. A database that is up to date is only read."""
    version = transaction("DEFERRED", partial(check_version, place, known), database)
    for migration in known:
        if migration.number > version:
            transaction("IMMEDIATE", partial(_apply, place, migration), database)


def check_version(place: str, known: Sequence[Migration], database: Database) -> int:
    """Return the database's version, 0 for an empty one. Raises StoreError for one that is newer or foreign."""
    version = _version(place, database)
    newest = known[-1].number
    if version > newest:
        raise newer(place, version, newest)
    return version


def newer(place: str, version: int, newest: int) -> StoreError:
    """Return the error for a database that a later calsync has migrated."""
    return StoreError(
        f"store {place}: it was written by a newer calsync (migration {version}, this one knows"
        f" {newest}); upgrade calsync, or restore the backup from before its upgrade"
    )


def _apply(place: str, migration: Migration, database: Database) -> None:
    # Looked at inside the transaction: another process may be migrating at the same time.
    if _version(place, database) >= migration.number:
        return
    for statement in migration.statements:
        database.execute(statement)
    for fill in FILLED.get(migration.number, ()):
        fill(database)
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    database.execute(f"PRAGMA user_version = {migration.number}")


def _version(place: str, database: Database) -> int:
    """Return the number of the last migration that was applied. Raises StoreError for a foreign database."""
    version = _number(database, "PRAGMA user_version")
    tables = _number(database, "SELECT EXISTS (SELECT 1 FROM sqlite_master)")
    if (version or tables) and _number(database, "PRAGMA application_id") != APPLICATION_ID:
        raise StoreError(
            f"store {place}: the database belongs to another program; name another file under service: store"
        )
    return version


def _number(database: Database, sql: str) -> int:
    (number,) = database.execute(sql).fetchone()
    return int(number)


def _statements(text: str) -> Iterator[str]:
    """Split a file into statements, which SQLite's own scripts would run outside of a transaction."""
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
