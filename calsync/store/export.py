"""Everything that the store holds about an account, for the person whose data it is."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from calsync.store.codec import text
from calsync.store.connection import fetch
from calsync.store.files import there
from calsync.store.images import images_beside
from calsync.store.migrate import check_version, migrations
from calsync.store.opening import unchanged
from calsync.store.sqlite_connection import SqliteConnection

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from calsync.store.connection import Database
    from calsync.store.images import Images

TABLES = (
    *("side", "seen", "link", "intent", "attempt", "hold", "decision", "tombstone", "hang"),
    *("ledger", "run", "unsynced", "audit", "turn"),
)
"""What names the account, in the order in which it is told."""
NESTED = frozenset(
    {"observation", "left_base", "right_base", "source", "target", "draft", "changes", "answer", "earlier"}
)
"""Columns that hold JSON."""
OWNERS = "SELECT name FROM person JOIN ownership ON person = id WHERE account = :account ORDER BY name"
Rows = list[dict[str, Any]]


async def export(path: Path, account: str) -> Mapping[str, Any] | None:
    """Return an account's rows by table, the ledger's values opened; None where the store does not know it.

    The file stays as it is. Raises StoreError.
    """
    if not there(path):
        return None
    images = images_beside(path, create=False)
    async with unchanged(path) as raw:
        return await SqliteConnection(raw, str(path)).read(partial(_read, str(path), account, images))


def _read(place: str, account: str, images: Images, database: Database) -> Mapping[str, Any] | None:
    if not check_version(place, migrations(), database):
        return None
    tables = {row["name"] for row in fetch(database, "SELECT name FROM sqlite_master WHERE type = 'table'", {})}
    return read_export(database, account, images, tables)


def read_export(
    database: Database, account: str, images: Images, tables: Collection[str]
) -> Mapping[str, Any] | None:
    """Return what `export` does, as far as there are such tables."""
    values = {"account": account}
    found: dict[str, Rows] = {"account": _rows(database, "SELECT * FROM account WHERE name = :account", values)}
    found["owner"] = _rows(database, OWNERS, values) if "ownership" in tables else []
    for table in (each for each in TABLES if each in tables):
        wanted = f"SELECT * FROM {table} WHERE account = :account"  # noqa: S608 - a name of this module
        found[table] = _rows(database, wanted, values)
    for row in found.get("ledger", ()):
        _open(row, account, images)
    return found if any(found.values()) else None


def _rows(database: Database, statement: str, values: Mapping[str, Any]) -> Rows:
    return [
        {name: _told(name, row[name]) for name in row.keys() if name != "account"}  # noqa: SIM118 - a row's keys
        for row in fetch(database, statement, values)
    ]


def _told(name: str, value: Any) -> Any:
    return json.loads(value) if name in NESTED and value is not None else value


def _open(row: dict[str, Any], account: str, images: Images) -> None:
    """Put values in the place of a sealed image; None where its key is another one."""
    opened = images.get(account, row.pop("before_image"), row.pop("after_image"))
    row["before"], row["after"] = (None, None) if opened is None else (json.loads(text(one)) for one in opened)
