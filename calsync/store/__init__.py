"""The store on SQLite."""

from calsync.store.backup import back_up
from calsync.store.restore import restore
from calsync.store.runs import FileRuns, MemoryRuns
from calsync.store.settings import chosen_directions
from calsync.store.sqlite import SqliteStore

__all__ = ["FileRuns", "MemoryRuns", "SqliteStore", "back_up", "chosen_directions", "restore"]
