"""Erasing an account on PostgreSQL: its rows, the pages they stood in, and what statistics quote of them.

A vacuum only tells that space is free, and `VACUUM FULL` copies what any other session might still see. A column
that is altered has its table written anew with what there is now, takes its statistics along, and is part of the
transaction. What the statistics had said lies in their own table's pages until that is written anew as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.errors import StoreError
from calsync.store.connection import fetch
from calsync.store.copying import NUMBERED_OF_ACCOUNT, OF_ACCOUNT, OTHERS

if TYPE_CHECKING:
    from typing import Any

    import psycopg

    from calsync.store.connection import Database

OWNS = """
SELECT pg_has_role(datdba, 'USAGE') AS owns FROM pg_database WHERE datname = current_database()
"""
TEXTS = """
SELECT column_name AS name FROM information_schema.columns
WHERE table_schema = current_schema() AND table_name = :table AND data_type = 'text'
"""
STATISTICS = "VACUUM (FULL) pg_catalog.pg_statistic"


def expect_owner(place: str, database: Database) -> None:
    """Raise StoreError where the server would not let this user write its statistics anew."""
    (found,) = fetch(database, OWNS, {})
    if not found["owns"]:
        raise StoreError(
            f"store {place}: calsync's user does not own the database, so what its statistics quote of the account"
            " would stay; let it own the database (ALTER DATABASE ... OWNER TO ...), then erase again"
        )


def write_anew(database: Database) -> None:
    """Write every table anew with the rows that there are now, within the caller's transaction."""
    for table in ("account", *OF_ACCOUNT, *NUMBERED_OF_ACCOUNT, *OTHERS):
        names = [row["name"] for row in fetch(database, TEXTS, {"table": table})]
        # An expression, as nothing is written anew for a type that stays what it is.
        anew = [f"ALTER COLUMN {name} TYPE TEXT COLLATE \"C\" USING {name} || ''" for name in names]
        database.execute(f"ALTER TABLE {table} {', '.join(anew)}")
        database.execute(f"ANALYZE {table}")  # else the server would not know for a while what it holds


def write_statistics_anew(raw: psycopg.Connection[Any]) -> None:
    """Write the server's statistics of this database anew. Not within a transaction."""
    raw.execute(STATISTICS)
