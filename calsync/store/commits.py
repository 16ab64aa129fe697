"""Whether anything was committed to an SQLite file, told without a turn of the thread that reads it."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Commits:
    """Belongs to the thread that makes it, as an event loop's.

    SQLite tells it from the shared memory of its write-ahead log. No other file is read but, behind a commit, its
    first page, which the operating system has just written: so a loop may ask, whose disk may be slow. Only a log
    that another process left in the very moment of a commit, and still has, makes SQLite try again, for 10 s.
    """

    def __init__(self, path: Path) -> None:
        self._raw = sqlite3.connect(path, timeout=0, isolation_level=None)

    def number(self) -> int | None:
        """Return a number that is another one behind each commit, of any process; None where none is told."""
        try:
            ((number,),) = self._raw.execute("PRAGMA data_version").fetchall()
        except sqlite3.Error:
            return None
        return int(number)

    def close(self) -> None:
        """Close it; another thread than its own leaves that to the end of the process."""
        with suppress(sqlite3.ProgrammingError):
            self._raw.close()
