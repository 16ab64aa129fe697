"""The second file on the disk. A crash leaves the old one or the new one, and one changes it at a time."""

from __future__ import annotations

import re
import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from calsync.config import Unresolved, parse_with, second_file
from calsync.errors import ConfigError, LoginError, StoreError
from calsync.second.draft import TAG, Draft, Kept, connections_in, read
from calsync.store.files import replace
from calsync.vault import FileVault, fields_in, locked, vault_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from calsync.config import Document, Hidden, KeyPath

OWN = re.compile(r"own-[0-9a-f]{12}")
"""Names of connections that people made for themselves. None is used twice, so what no file names is nobody's."""
KEPT = re.compile(r"[a-z0-9_]+-[0-9a-f]{16}")
"""Names of secrets. A field that a provider keeps in the same vault has no such name."""


def own_name() -> str:
    """Return a name for a connection that somebody makes."""
    return f"own-{secrets.token_hex(6)}"


def is_own_name(name: str) -> bool:
    return OWN.fullmatch(name) is not None


class SecondFile:
    """The file of one store. All methods block."""

    def __init__(self, store: Path, key: bytes | None) -> None:
        """`key`: `service.key`. Without one there are no secrets."""
        self._folder = vault_folder(store)
        self._key = key
        self.path = second_file(store)

    def read(self) -> Document | None:
        """Return the file with its secrets; None where there is none.

        Raises ConfigError for one that is no YAML.
        """
        while (version := self.version) is not None:
            document = parse_with(self.path, self.hidden)
            if self.version == version:  # else secrets of the former one may be gone already
                return document
        return None

    @property
    def hidden(self) -> Mapping[str, Hidden]:
        """What resolves the names of secrets, for reading."""
        return {TAG: self._secret}

    def draft(self) -> Draft:
        """Return the content as it stands there. Raises ConfigError for a file that a person must mend."""
        return read(self.path)

    @contextmanager
    def changing(self) -> Iterator[Draft]:
        """Let the content be changed, and keep it if no error is raised.

        Raises ConfigError for a file that a person must mend, StoreError, and Retry while another one changes it.
        """
        busy = f"{self.path}: another calsync changes it and does not end; try again"
        with locked(self.path.with_name(f".{self.path.name}.lock"), busy):
            draft = read(self.path)
            try:
                yield draft
                replace(self.path, draft.as_yaml().encode())
            finally:
                with suppress(StoreError):  # then the next change does it
                    self._sweep()

    def keep(self, connection: str, field: str, secret: str) -> Kept:
        """Seal a secret and return what stands for it, a new name each time: the file decides which one holds.

        Raises ConfigError where there is no key, StoreError.
        """
        kept = Kept(f"{field}-{secrets.token_hex(8)}")
        self._vault(connection).write(kept.name, secret)
        return kept

    def secret(self, connection: str, kept: Kept) -> str:
        """Return a secret. Raises ConfigError where it cannot be decrypted."""
        try:
            return self._secret(kept.name, ("connections", connection))
        except Unresolved as error:
            raise ConfigError([f"{self.path}: connection {connection}: {error}"]) from error

    def _secret(self, name: str, at: KeyPath) -> str:
        if len(at) < 2 or at[0] != "connections" or not KEPT.fullmatch(name):  # noqa: PLR2004 - section, connection
            raise Unresolved("no secret belongs here")
        if self._key is None:
            raise Unresolved("it is encrypted, and service.key is missing")
        try:
            text = self._vault(str(at[1])).read(name)
        except LoginError:
            raise Unresolved("it cannot be decrypted with service.key; enter it again") from None
        if text is None:
            raise Unresolved("its value is gone; enter it again")
        return text

    def take_over(self, connection: str, values: Mapping[str, str]) -> None:
        """Seal what a connection has kept while it was tried, by field. Raises ConfigError, StoreError."""
        for field, text in values.items():
            self._vault(connection).write(field, text)

    def forget(self, connection: str) -> None:
        """Remove what a connection has kept by itself, as somebody's sign-in. Raises StoreError."""
        for name, field in fields_in(self._folder):
            if name == connection and not KEPT.fullmatch(field):
                FileVault(self._folder, name, b"").forget(field)

    def drop_account(self, account: str) -> Collection[str]:
        """Remove an account, and the connections that its person made for it; return the names of these.

        Their secrets and sign-ins go too. Raises as `changing`.
        """
        if account not in self.draft().accounts:
            return ()
        with self.changing() as draft:
            own = {name for name in connections_in(draft.accounts.pop(account)) if is_own_name(name)}
            own -= {name for entry in draft.accounts.values() for name in connections_in(entry)}
            for name in own:
                draft.connections.pop(name, None)
        return own

    def _sweep(self) -> None:
        """Remove the secrets that the file does not name, and all of people's own connections that it does not."""
        draft = read(self.path)
        held = set(draft.kept())
        for connection, field in fields_in(self._folder):
            orphan = KEPT.fullmatch(field) and (connection, field) not in held
            if orphan or (OWN.fullmatch(connection) and connection not in draft.connections):
                FileVault(self._folder, connection, b"").forget(field)

    @property
    def version(self) -> tuple[int, int] | None:
        """What is another one behind each change; None where there is no file."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns

    def _vault(self, connection: str) -> FileVault:
        if self._key is None:
            advice = "give service.key (`openssl rand -base64 32`), and start calsync anew"
            raise ConfigError([f"a secret is kept encrypted: {advice}"])
        return FileVault(self._folder, connection, self._key)
