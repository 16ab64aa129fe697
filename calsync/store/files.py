"""What is done to files so that a crash leaves the old one or the new one, and nothing in between."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from calsync.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database: the log of what is not in the file yet, and its index."""


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


def flush(path: Path) -> None:
    """Make a file, or the names in a folder, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
