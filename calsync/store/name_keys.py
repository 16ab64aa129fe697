"""What names of people are compared by, for those who were invited before there was anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.people import name_key

if TYPE_CHECKING:
    from calsync.store.connection import Database


def fill(database: Database) -> None:
    """Fill the keys in. Of several people with one key the first keeps the name; others get a number behind it."""
    keys: set[str] = set()
    for number, name in database.execute("SELECT id, name FROM person ORDER BY id").fetchall():
        called = name
        while name_key(called) in keys:
            called = f"{called} ({number})"
        keys.add(name_key(called))
        values = {"id": number, "name": called, "key": name_key(called)}
        database.execute("UPDATE person SET name = :name, key = :key WHERE id = :id", values)
