"""What is forgotten after a while, also of accounts that are off, fail or are gone: no run of theirs does it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from calsync.engine.pull import MEMORY
from calsync.errors import StoreError

if TYPE_CHECKING:
    from calsync.ports import Clock
    from calsync.records import Store

FORGET_SECONDS = 3600.0
"""How often the service does it."""


async def forget_old(store: Store, clock: Clock) -> None:
    """Forget the ledger's entries that are older than MEMORY, unless the store is in trouble."""
    with suppress(StoreError):  # the runs tell it
        await store.forget_ledger(clock.now() - MEMORY)


async def keep_forgetting(store: Store, clock: Clock, stop: asyncio.Event) -> None:
    """Forget what is old now and again, until `stop` is set."""
    while not stop.is_set():
        await forget_old(store, clock)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), FORGET_SECONDS)
