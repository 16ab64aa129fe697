"""What a run would do, found out on a copy of the store."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from calsync.store import SqliteStore
from calsync.takeover import take_note

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@asynccontextmanager
async def copied(place: Path) -> AsyncIterator[SqliteStore]:
    """Open a copy of the store in memory, to which runs may be tried. Nobody holds a lease there."""
    store = await SqliteStore.copy(place)
    try:
        await take_note(store, place)
        for holder in await store.holders():  # they hold the original, not this copy
            await store.expire(holder)
        yield store
    finally:
        await store.close()
