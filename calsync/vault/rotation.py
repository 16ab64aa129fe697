"""Another key for everything that is kept: each value is sealed anew, and a crash in between loses none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.errors import StoreError
from calsync.store.files import replace, told
from calsync.vault.files import fields_in
from calsync.vault.keys import Keys
from calsync.vault.lock import locked
from calsync.vault.sealing import Unsealable, key_id, key_of, seal, unseal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def reseal(folder: Path, key: bytes, new: bytes) -> Iterator[tuple[str, str]]:
    """Seal everything in a folder under the key `new`; yield connection and field of each value that is.

    `key`: the present one. Where a change was interrupted it goes on, also with `key` already the new one; a
    change to a third key does not begin. Raises StoreError, also for what neither key opens: then all values are
    still read with both. Raises Retry for a value that another process holds.
    """
    keys = Keys(folder, key)
    other = keys.other()
    if other not in {None, new} and key != new:
        raise StoreError(f"{folder}: a change to another key was interrupted; finish that one first")
    if other is None and (key == new or not folder.is_dir()):
        return
    if other is None:
        keys.begin(new)
    for place in fields_in(folder):
        name = ".".join(place)
        with locked(folder / f".{name}.lock", f"{folder / name}: another calsync uses it and does not end"):
            _reseal(folder / name, place, keys, new)
        yield place
    keys.end()


def _reseal(path: Path, place: tuple[str, str], keys: Keys, new: bytes) -> None:
    with told(path):
        content = path.read_text("utf-8", "replace")
    try:
        if key_of(content) != key_id(new):
            replace(path, seal(new, place, unseal(keys.of(content), place, content)).encode())
    except Unsealable as why:
        advice = "remove it, and then sign in or enter it again"
        raise StoreError(f"{path} cannot be decrypted: {why}; {advice}") from why
