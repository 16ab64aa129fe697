"""The run numbers beside the store: a small text file, `NUMBER ACCOUNT` on each line.

It is no database on purpose: whoever copies the database back, or loses it, leaves this file as it is.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from calsync.errors import StoreError
from calsync.records import Runs
from calsync.store.files import create, flush, told

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DIGITS = 12
"""All numbers are of one length, so that each is changed in its place: no other account's line is touched."""


class MemoryRuns(Runs):
    """Run numbers that nobody keeps: for a plan, which writes nothing, and for tests."""

    def __init__(self, numbers: Mapping[str, int] | None = None) -> None:
        self.numbers = dict(numbers or {})

    async def get(self, account: str) -> int:
        return self.numbers.get(account, 0)

    async def put(self, account: str, run: int) -> None:
        self.numbers[account] = max(run, self.numbers.get(account, 0))


class FileRuns(Runs):
    """Run numbers in a file, flushed to the disk with each run."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def get(self, account: str) -> int:
        number, _ = _line(await asyncio.to_thread(self._content), account)
        return number

    async def put(self, account: str, run: int) -> None:
        await asyncio.to_thread(self._put, account, run)

    async def all(self) -> Mapping[str, int]:
        """Return every account's number."""
        content = await asyncio.to_thread(self._content)
        return _numbers(content)

    async def erase(self, account: str) -> None:
        """Overwrite an account's line, its name too, wherever it stands. Raises StoreError."""
        await asyncio.to_thread(self._erase, account)

    def _content(self) -> bytes:
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise StoreError(
                f"{self._path} cannot be read ({error.strerror}); calsync's user must own it"
            ) from error

    def _put(self, account: str, run: int) -> None:
        content = self._content()
        known, place = _line(content, account)
        if place is not None and known >= run:
            return
        line = f"{run:0{DIGITS}d} {account}\n".encode()
        with told(self._path):
            if not self._path.exists():
                with suppress(FileExistsError):  # the first run of another account has just done so
                    create(self._path)
                flush(self._path.parent)
            # Another process may add an account at the same time: what is added goes to the end, wherever that is.
            flags = os.O_WRONLY | (os.O_APPEND if place is None else 0)
            descriptor = os.open(self._path, flags)
            try:
                os.pwrite(descriptor, line if content.endswith(b"\n") or not content else b"\n" + line, place or 0)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _erase(self, account: str) -> None:
        while (place := _line(content := self._content(), account)[1]) is not None:
            end = content.index(b"\n", place)
            with told(self._path):
                descriptor = os.open(self._path, os.O_WRONLY)
                try:
                    os.pwrite(descriptor, b"-" * (end - place), place)
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)


def _line(content: bytes, account: str) -> tuple[int, int | None]:
    """Return an account's number and its line's place, without looking at the lines of others: they are many."""
    rest = f" {account}\n".encode()
    at = content.rfind(rest)
    while at != -1:
        place = at - DIGITS
        if place >= 0 and content[place:at].isdigit() and (place == 0 or content[place - 1 : place] == b"\n"):
            return int(content[place:at]), place
        at = content.rfind(rest, 0, at)
    return 0, None


def _numbers(content: bytes) -> Mapping[str, int]:
    """Return each account's number. What a crash left half-written counts for nothing."""
    found: dict[str, int] = {}
    for line in content.splitlines(keepends=True):
        number, _, account = line.partition(b" ")
        if number.isdigit() and len(number) == DIGITS and account.endswith(b"\n"):
            found[account[:-1].decode("utf-8", "replace")] = int(number)
    return found
