"""A configuration as its files say it now: parsing thousands of accounts takes seconds, so it is done once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from calsync.config import files_of, second_file
from calsync.loading import load_operators, whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from calsync.config import Config
    from calsync.loader import Loaded
    from calsync.loading import Operators

Stamp = tuple["Path", int, int, int]
"""A file, and numbers that change when somebody writes it, replaces it, or lets others read it."""


class Parsed:
    """One configuration. Its files are read in a thread; who asks meanwhile waits for the same parse."""

    def __init__(self, path: Path) -> None:
        """`path`: the operator's file."""
        self._path = path
        self._lock = asyncio.Lock()
        self._operators: tuple[set[Stamp], Operators] | None = None
        self._whole: tuple[set[Stamp], tuple[Config, Loaded]] | None = None

    async def operators(self) -> Operators:
        """Return the operator's configuration alone, as `load_operators` does. Raises ConfigError, PluginError."""
        async with self._lock:
            return (await asyncio.to_thread(self._read_operators))[1]

    async def whole(self) -> tuple[Config, Loaded]:
        """Return both files' configuration, as `load` does. Raises ConfigError, PluginError."""
        async with self._lock:
            return await asyncio.to_thread(self._read_whole)

    def _read_operators(self) -> tuple[set[Stamp], Operators]:
        # Taken before the files are read: what is written meanwhile is read the next time.
        stamps = _stamps(files_of(self._path))
        if self._operators is None or self._operators[0] != stamps:
            self._operators = stamps, load_operators(self._path)
        return self._operators

    def _read_whole(self) -> tuple[Config, Loaded]:
        before, operators = self._read_operators()
        stamps = before | _stamps([second_file(operators.config.service.store)])
        if self._whole is None or self._whole[0] != stamps:
            self._whole = stamps, whole(operators)
        return self._whole[1]


def _stamps(paths: Iterable[Path]) -> set[Stamp]:
    """Return the stamps of those files that are there."""
    found = set()
    for path in paths:
        try:
            stat = path.stat()
        except OSError:
            continue  # who reads it tells it
        found.add((path, stat.st_ino, stat.st_ctime_ns, stat.st_size))
    return found
