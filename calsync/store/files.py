"""What is done to files so that a crash leaves the old one or the new one, and nothing in between."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from calsync.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database: the log of what is not in the file yet, and its index."""
SHARED = (510, 0x40000002)
"""Length and place of the bytes of a database that every connection to it keeps locked while it is open
(https://www.sqlite.org/fileformat2.html#the_lock_byte_page)."""


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Raise StoreError with the path and what to do, instead of an error of the system."""
    try:
        yield
    except FileExistsError as error:
        raise StoreError(taken(path)) from error
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written ({error.strerror}); its folder must exist, have space left, and calsync's"
            " user must own it"
        ) from error


def taken(path: Path) -> str:
    return f"{path} exists already and is not overwritten; name another file"


def there(path: Path) -> bool:
    """Tell whether anything has this name."""
    return path.exists()


def beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def create(path: Path) -> None:
    """Create an empty file for its owner only. Raises FileExistsError."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def remove(path: Path) -> None:
    """Remove a database, with what SQLite left beside it."""
    for one in (path, *(beside(path, suffix) for suffix in BESIDE)):
        with suppress(FileNotFoundError):
            one.unlink()


@contextmanager
def nobody_else(path: Path, then: str) -> Iterator[None]:
    """Let nobody have a database open meanwhile. `then`: what to do when it is closed, for the message.

    Whoever opens it meanwhile finds it busy. Raises StoreError while somebody has it open.
    """
    with told(path):
        descriptor = os.open(path, os.O_RDWR)
    try:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, *SHARED)
        except BlockingIOError as error:
            raise StoreError(f"store {path}: another calsync has it open; stop it, then {then}") from error
        yield
    finally:
        os.close(descriptor)  # and with it the lock


def replace(path: Path, content: bytes) -> None:
    """Put a file for its owner only in the place of the one that is there. A crash leaves either.

    Raises StoreError.
    """
    part = path.with_name(f".{path.name}.part")
    with told(path):
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        part.replace(path)
        flush(path.parent)


def flush(path: Path) -> None:
    """Make a file, or the names in a folder, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
