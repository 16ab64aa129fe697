"""The store, on SQLite."""

from calsync.store.backup import back_up
from calsync.store.restore import restore
from calsync.store.runs import FileRuns, MemoryRuns
from calsync.store.sql import SqlStore
from calsync.store.sqlite import SqliteStore

__all__ = ["FileRuns", "MemoryRuns", "SqlStore", "SqliteStore", "back_up", "restore"]
