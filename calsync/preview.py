"""What a run would do: of an account that is there on a copy of what it has, of another one on an empty store."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from calsync.connections import Connections, connections_of
from calsync.engine import Engine, Report
from calsync.engine.notebook import BRAKE_SPAN
from calsync.holder import this_process
from calsync.store import MemoryRuns, SqliteStore
from calsync.sync.loops import MEMORY
from calsync.takeover import take_note
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime
    from random import Random

    from calsync.config import Config
    from calsync.http import HttpFactory
    from calsync.loader import Loaded
    from calsync.ports import Clock
    from calsync.store import SqlStore
    from calsync.store.place import Place


LONGEST = max(BRAKE_SPAN, MEMORY)
"""How far back a run looks in the ledger."""


@asynccontextmanager
async def copied(place: Place, account: str, now: datetime) -> AsyncIterator[SqlStore]:
    """Open a copy in memory of what an account has in the store, to try its runs. Nobody holds a lease there."""
    store = await place.excerpt(account, now - LONGEST)
    try:
        await take_note(store, place.beside)
        for holder in await store.holders():  # they hold the original, not this copy
            await store.expire(holder)
        yield store
    finally:
        await store.close()


async def first_run(
    config: Config, loaded: Loaded, account: str, clock: Clock, random: Random, http: HttpFactory
) -> Report:
    """Say what the first run of an account would do that is not served yet. Nothing is written or remembered.

    `http`: the sessions of the connections that are served; these are used beside them.
    Raises LoginError, AccountError, ConfigError, Retry, as a run does.
    """
    wanted = config.accounts[account]
    used = {name: config.connections[name] for name in connections_of(wanted)}
    config, report = replace(config, connections=used), Report()
    connections = Connections(config, loaded, clock, random, http.beside())
    store = await SqliteStore.in_memory()
    try:
        opened = await connections.open(wanted)
        engine = Engine(store, MemoryRuns(), clock, random, this_process(random))
        await engine.run(connections.account(opened), report, write=False)
    finally:
        await store.close()
        await connections.close()
    return report
