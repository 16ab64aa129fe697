"""Numbered migrations of PostgreSQL, with SQLite's numbers; each is a transaction, as far as it alters tables.

The number of the last one stands in the table `calsync_version`.
"""

from __future__ import annotations

from functools import cache, partial
from importlib import resources
from typing import TYPE_CHECKING

from calsync.errors import StoreError
from calsync.store.connection import fetch
from calsync.store.migrate import newer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.store.connection import Connection, Database

VERSIONED = (
    "SELECT to_regclass('calsync_version') IS NOT NULL AS known, to_regclass('account') IS NOT NULL AS taken"
)
VERSION = "SELECT number FROM calsync_version"
SET_VERSION = "UPDATE calsync_version SET number = :number"
NEW_VERSION = (
    "CREATE TABLE calsync_version (number BIGINT NOT NULL)",
    "INSERT INTO calsync_version VALUES (0)",
)


@cache
def migrations() -> Mapping[int, str]:
    """Return the migrations that this version of calsync knows, by their numbers, the oldest first."""
    files = resources.files("calsync.store.postgresql").joinpath("migrations").iterdir()
    texts = sorted((int(file.name[:4]), file.read_text("utf-8")) for file in files if file.name.endswith(".sql"))
    return dict(texts)


async def migrate(connection: Connection) -> None:
    """Bring the database up to the newest known migration. Raises StoreError for one that is newer or foreign."""
    if await connection.read(partial(version, connection.place)) < max(migrations()):
        await connection.write(partial(bring_up, connection.place))


def bring_up(place: str, database: Database) -> None:
    """Apply what is missing, within the caller's transaction, which keeps others from doing the same."""
    present = version(place, database)
    if not present:
        for statement in NEW_VERSION:
            database.execute(statement)
    for number, text in migrations().items():
        if number > present:
            database.execute(text)
            database.execute(SET_VERSION, {"number": number})


def version(place: str, database: Database) -> int:
    """Return the number of the last migration that was applied, 0 where nothing is there yet.

    Raises StoreError for a database that is newer, or that holds another program's tables.
    """
    (there,) = fetch(database, VERSIONED, {})
    if not there["known"]:
        if there["taken"]:
            raise StoreError(f"store {place}: the database belongs to another program; name another one")
        return 0
    (found,) = fetch(database, VERSION, {})
    newest = max(migrations())
    if found["number"] > newest:
        raise newer(place, found["number"], newest)
    return int(found["number"])
