"""What lies beneath a store on SQLite, for tests that look at it or break it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from calsync.store.sqlite_connection import SqliteConnection

if TYPE_CHECKING:
    import sqlite3

    from calsync.store import SqlStore
    from calsync.store.connection import Database
    from calsync.store.sqlite_connection import Threaded


def beneath(store: SqlStore) -> Threaded:
    """Return what a store writes to."""
    connection = store._writer
    assert isinstance(connection, SqliteConnection)
    return connection._database


def raw(database: Database) -> sqlite3.Connection:
    """Return Python's own connection, of a function that is called with it."""
    return cast("sqlite3.Connection", database)
