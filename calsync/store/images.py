"""What events showed before and after a write, sealed: AES-256-GCM with a key that lies beside the database.

So a copy of the database, as a backup is one, does not tell what appointments once said. Every row is bound to its
account. The key is made with the store, for its owner only; without it the ledger goes on, and former values are
not available.
"""

from __future__ import annotations

import base64
import os
import stat
from typing import TYPE_CHECKING, Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from calsync.errors import StoreError
from calsync.store import codec
from calsync.store.files import beside, flush, told

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from calsync.sync.model import Field, Value

    Values = Mapping[Field, Value]

KEY = ".ledger-key"
KEY_BYTES = 32
NONCE_BYTES = 12
"""Random ones of this length may seal 2^32 texts with one key (NIST SP 800-38D, section 8.3)."""
PLAIN = "{"
"""How an image begins that was written before images were sealed."""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Images:
    """Turns the values of the ledger into the texts that are kept, and back."""

    def __init__(self, key: bytes | None = None) -> None:
        """Without a key, as of a store that is in memory only, nothing is sealed."""
        self._cipher = None if key is None else AESGCM(key)

    def put(self, account: str, before: Values, after: Values) -> tuple[str, str]:
        """Return what is kept of both images."""
        if self._cipher is None:
            return codec.text(before), codec.text(after)
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, _encode([codec.text(before), codec.text(after)]), account.encode())
        return base64.b64encode(nonce + sealed).decode("ascii"), ""

    def get(self, account: str, before: str, after: str) -> tuple[Values, Values] | None:
        """Return both images; None where they were sealed with another key, or for another account."""
        if before.startswith(PLAIN):
            return codec.values(before), codec.values(after)
        try:
            content = base64.b64decode(before)
            if self._cipher is None:
                return None
            opened = self._cipher.decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], account.encode())
            both: list[Any] = _decode(opened)
        except (InvalidTag, ValueError):
            return None
        return codec.values(both[0]), codec.values(both[1])


def images_beside(store: Path, *, create: bool) -> Images:
    """Return what seals with the key beside a store, which is made where it is missing.

    Without `create` nothing is made: then what is sealed stays so. Raises StoreError.
    """
    path = beside(store, KEY)
    with told(path):
        if create and not path.exists():
            _make(path)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return Images()
        with os.fdopen(descriptor, "rb") as file:
            if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
                raise StoreError(f"{path} can be read by others; make it readable by its owner only (chmod 600)")
            key = file.read()
    if len(key) != KEY_BYTES:
        raise StoreError(
            f"{path} is no key; put back the one that was there, or remove it to begin with a new one"
        )
    return Images(key)


def _make(path: Path) -> None:
    """Write a fresh key. Of two processes that do, one's is kept."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(os.urandom(KEY_BYTES))
        file.flush()
        os.fsync(descriptor)
    try:
        os.link(part, path)
    except FileExistsError:
        pass
    finally:
        part.unlink()
    flush(path.parent)
