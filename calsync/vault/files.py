"""One small file for each value. A crash leaves the old one or the new one; a lock lets one process write.

They are not in the store on purpose: a backup that is put back must not bring back what was given up since, and
`calsync check` writes no store, but may have to keep a new token.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from calsync.errors import LoginError, Retry
from calsync.ports import Vault
from calsync.store.files import flush, told
from calsync.vault.sealing import Unsealable, seal, unseal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE_SECONDS = 8.0
"""How long one process waits for another one, which may wait for a server. One that stops waits for it, too."""
GLANCE_SECONDS = 0.05


class FileVault(Vault):
    """The values of one connection."""

    def __init__(self, folder: Path, connection: str, key: bytes) -> None:
        self._folder = folder
        self._connection = connection
        self._key = key

    def read(self, field: str) -> str | None:
        try:
            content = self._path(field).read_text("utf-8", "replace")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LoginError(f"{self._place(field)} cannot be read ({error.strerror})") from error
        try:
            return unseal(self._key, (self._connection, field), content)
        except Unsealable as why:
            raise LoginError(
                f"{self._place(field)} cannot be decrypted: {why}; give the key that was used as `service.key`, or"
                f" sign in again: calsync login {self._connection} -c FILE"
            ) from why

    def write(self, field: str, text: str) -> None:
        content = seal(self._key, (self._connection, field), text).encode()
        path, part = self._path(field), self._folder / f".{self._connection}.{field}.part"
        with told(path):
            self._create_folder()
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            part.replace(path)
            flush(self._folder)

    @contextmanager
    def alone(self, field: str) -> Iterator[None]:
        lock = self._folder / f".{self._connection}.{field}.lock"
        with told(lock):
            self._create_folder()
            descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            self._wait_for(descriptor)
            yield
        finally:
            os.close(descriptor)  # and with it the lock

    def _wait_for(self, descriptor: int) -> None:
        """Take a lock. It has no time limit of its own, and who holds it may have been stopped."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    problem = f"connection {self._connection}: another calsync is signing in and does not end"
                    raise Retry(problem) from None
                time.sleep(GLANCE_SECONDS)
            else:
                return

    def _create_folder(self) -> None:
        if not self._folder.exists():
            self._folder.mkdir(mode=0o700, exist_ok=True)
            flush(self._folder.parent)

    def _path(self, field: str) -> Path:
        return self._folder / f"{self._connection}.{field}"

    def _place(self, field: str) -> str:
        return f"connection {self._connection}: {self._path(field)}"
