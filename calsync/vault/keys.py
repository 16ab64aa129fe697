"""The key of what is kept, and the other one while it is being changed.

As long as a change goes on, a file beside the values holds each of the two keys, sealed under the other one. So
whoever has either reads all values. It is gone when the last value is under the new key: who knows the old one
then reads nothing any more.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from calsync.store.files import flush, replace, told
from calsync.vault.sealing import Unsealable, key_id, key_of, seal, unseal

if TYPE_CHECKING:
    from pathlib import Path

BOTH = ".rotation"
PLACE = ("rotation", "key")


class Keys:
    """The key of a vault, and while it is being changed the other one."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self._path = folder / BOTH
        self._key = key

    def of(self, content: str) -> bytes:
        """Return the key that a sealed text needs; the own one where no other is known. Raises Unsealable."""
        if key_of(content) == key_id(self._key):
            return self._key
        other = self.other()
        return self._key if other is None else other

    def other(self) -> bytes | None:
        """Return the key from or to which a change has begun, None where there is none that we may know."""
        try:
            sealed = json.loads(self._path.read_bytes())[key_id(self._key)]
            return bytes.fromhex(unseal(self._key, PLACE, sealed))
        except (OSError, ValueError, KeyError, TypeError, Unsealable):
            return None

    def begin(self, new: bytes) -> None:
        """Let both keys read everything from now on."""
        pairs = ((self._key, new), (new, self._key))
        content = {key_id(one): seal(one, PLACE, other.hex()) for one, other in pairs}
        replace(self._path, json.dumps(content).encode())

    def end(self) -> None:
        with told(self._path), suppress(FileNotFoundError):
            self._path.unlink()
            flush(self._path.parent)
