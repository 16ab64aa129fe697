"""What runs of one account read of a store, copied out of its file, however much else lies there.

What pages show of it, as its history, is left behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from calsync.store import codec
from calsync.store.connection import fetch
from calsync.store.files import there
from calsync.store.migrate import check_version, migrate, migrations
from calsync.store.opening import unchanged
from calsync.store.sqlite_connection import SqliteConnection
from calsync.store.statements import insert

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from pathlib import Path

    from calsync.store.connection import Connection, Database, Found

WHOLE = ("side", "seen", "link", "intent", "attempt", "hold", "tombstone", "hang", "decision")
"""Tables of which runs read all that an account has."""
ACCOUNT = "SELECT * FROM account WHERE name = :account"
# The first entry tells when the account was begun (calsync.store.statements.RUN).
LEDGER = """
SELECT * FROM ledger WHERE account = :account AND at >= :since
UNION
SELECT * FROM ledger WHERE id = (SELECT min(id) FROM ledger WHERE account = :account)
ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class _Rows:
    table: str
    columns: Sequence[str]
    values: Sequence[Found]


async def fill_account(target: Connection, path: Path, account: str, since: datetime) -> None:
    """Copy an account into an empty database in the state of the file's own migrations. The file stays as it is.

    `since`: older entries of the ledger are left behind, but for the first. Of a missing file there is nothing.
    Raises StoreError for one that is newer or foreign.
    """
    if not there(path):
        return
    read = partial(_read, str(path), {"account": account, "since": codec.instant_text(since)})
    async with unchanged(path) as raw:
        version, found = await SqliteConnection(raw, str(path)).read(read)
    if version:
        await migrate(target, [one for one in migrations() if one.number <= version])
        await target.write(partial(write_rows, found))


def _read(place: str, values: dict[str, str], database: Database) -> tuple[int, Sequence[_Rows]]:
    """Return the file's version, 0 for an empty one, and an account's rows, the account itself first."""
    version = check_version(place, migrations(), database)
    tables = {row["name"] for row in fetch(database, "SELECT name FROM sqlite_master WHERE type = 'table'", {})}
    return version, read_rows(database, values, tables)


def read_rows(database: Database, values: dict[str, str], tables: Collection[str]) -> Sequence[_Rows]:
    """Return an account's rows, as far as there are such tables, the account itself first."""
    wanted = {"account": ACCOUNT, **{table: _all_of(table) for table in WHOLE}, "ledger": LEDGER}
    found = [_rows(database, table, sql, values) for table, sql in wanted.items() if table in tables]
    return [one for one in found if one.values]


def _all_of(table: str) -> str:
    return f"SELECT * FROM {table} WHERE account = :account"  # noqa: S608 - a name of this module


def _rows(database: Database, table: str, sql: str, values: dict[str, str]) -> _Rows:
    found = fetch(database, sql, values)
    return _Rows(table, found[0].keys() if found else (), found)


def write_rows(found: Sequence[_Rows], database: Database) -> None:
    """Write what `read_rows` has found into a database that has the same tables."""
    for one in found:
        for statement, values in insert(one.table, one.columns).of(one.values):
            database.execute(statement, values)
