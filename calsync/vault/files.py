"""One small file for each value. A crash leaves the old one or the new one; a lock lets one process write.

They are not in the store on purpose: a backup that is put back must not bring back what was given up since, and
`calsync check` writes no store, but may have to keep a new token.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from calsync.errors import LoginError
from calsync.ports import Vault
from calsync.store.files import flush, replace, told
from calsync.vault.keys import Keys
from calsync.vault.lock import locked
from calsync.vault.sealing import Unsealable, seal, unseal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class FileVault(Vault):
    """The values of one connection. No name of a field has a dot; one of a connection may."""

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
            return unseal(Keys(self._folder, self._key).of(content), (self._connection, field), content)
        except Unsealable as why:
            raise LoginError(
                f"{self._place(field)} cannot be decrypted: {why}; give the key that was used as `service.key`, or"
                f" sign in again: calsync login {self._connection} -c FILE"
            ) from why

    def write(self, field: str, text: str) -> None:
        self._create_folder()
        replace(self._path(field), seal(self._key, (self._connection, field), text).encode())

    def forget(self, field: str) -> None:
        """Remove a value for good. One that is not there is none. Raises StoreError."""
        path = self._path(field)
        with told(path), suppress(FileNotFoundError):
            path.unlink()
            flush(self._folder)

    @contextmanager
    def alone(self, field: str) -> Iterator[None]:
        self._create_folder()
        busy = f"connection {self._connection}: another calsync is signing in and does not end"
        with locked(self._folder / f".{self._connection}.{field}.lock", busy):
            yield

    def _create_folder(self) -> None:
        with told(self._folder):
            if not self._folder.exists():
                self._folder.mkdir(mode=0o700, exist_ok=True)
                flush(self._folder.parent)

    def _path(self, field: str) -> Path:
        return self._folder / f"{self._connection}.{field}"

    def _place(self, field: str) -> str:
        return f"connection {self._connection}: {self._path(field)}"


def vault_folder(store: Path) -> Path:
    """Return where what connections keep lies, beside the store."""
    return store.with_name(f"{store.name}.vault")


def fields_in(folder: Path) -> list[tuple[str, str]]:
    """Return connection and field of each value that is kept in a folder."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return sorted((name.rpartition(".")[0], name.rpartition(".")[2]) for name in names if not name.startswith("."))
