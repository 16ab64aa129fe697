"""SQLite's errors, translated into one sentence that says what to do. The only place that reads them."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from calsync.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

ADVICE = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space and start again",
    sqlite3.SQLITE_BUSY: "another program keeps it locked; stop the other calsync, or try again later",
    sqlite3.SQLITE_LOCKED: "another program keeps it locked; stop the other calsync, or try again later",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; restore it from a backup",
    sqlite3.SQLITE_NOTADB: "the file is not a database of calsync; name another file under service: store",
    sqlite3.SQLITE_READONLY: "the file or its folder is read-only; let calsync's user write to both",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened; its folder must exist and calsync's user must own it",
    sqlite3.SQLITE_IOERR: "the disk reports an error; check the disk and the space left on it",
    sqlite3.SQLITE_PERM: "access is denied; let calsync's user write to the file and its folder",
}
"""By primary result code (https://www.sqlite.org/rescode.html): what happened, and what a person does."""
PRIMARY_CODE = 0xFF
"""The primary result code is the lowest byte of an extended one."""


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Raise StoreError with the database's `place` and what to do, instead of an error of SQLite."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"store {place}: {_sentence(error)}") from error
    except UnicodeDecodeError as error:  # SQLite's own sentence quotes what is damaged
        raise StoreError(f"store {place}: {ADVICE[sqlite3.SQLITE_CORRUPT]}") from error


@contextmanager
def understood(place: str) -> Iterator[None]:
    """Raise StoreError where what was read is nothing that calsync writes. SQLite keeps no checksums."""
    try:
        yield
    except (ArithmeticError, LookupError, TypeError, ValueError, msgspec.MsgspecError) as error:
        raise StoreError(f"store {place}: {ADVICE[sqlite3.SQLITE_CORRUPT]}") from error


def _sentence(error: sqlite3.Error) -> str:
    # Errors of Python's own module carry no code. SQLite's texts name tables and columns, never values; Python's
    # repeats a text that is no UTF-8.
    code = getattr(error, "sqlite_errorcode", None)
    if str(error).startswith("Could not decode to UTF-8"):
        code = sqlite3.SQLITE_CORRUPT
    advice = None if code is None else ADVICE.get(code & PRIMARY_CODE)
    return advice or f"the statement was refused ({error})"
