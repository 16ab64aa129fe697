"""Opening the store behind processes that have ended: what they held is freed, what they noted is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.holder import is_dead
from calsync.watchdog import note_beside, read_note

if TYPE_CHECKING:
    from pathlib import Path

    from calsync.records import Store
    from calsync.store import SqlStore
    from calsync.store.place import Place


async def open_store(place: Place) -> SqlStore:
    """Open the store, free the leases that processes of this machine took into death, and read their note."""
    store = await place.open()
    try:
        await take_note(store, place.beside)
        note_beside(place.beside).unlink(missing_ok=True)
        for holder in await store.holders():
            if is_dead(holder):
                await store.expire(holder)
    except BaseException:
        await store.close()
        raise
    return store


async def take_note(store: Store, path: Path) -> None:
    """Take over what the watchdog of an earlier process noted beside the store at `path`."""
    note = read_note(note_beside(path))
    if note is not None:
        await store.add_hang(note.account, note.hang)
