"""The store on SQLite."""

from calsync.store.sqlite import SqliteStore

__all__ = ["SqliteStore"]
