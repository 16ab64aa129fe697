"""What the ledger tells of writes that may be a loop."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from calsync.sync.loops import MEMORY, REPEATS, Past, Rewrite
from calsync.sync.plan import Kind

if TYPE_CHECKING:
    from datetime import datetime

    from calsync.records import Store
    from calsync.sync.model import Side


async def read_past(store: Store, account: str, now: datetime) -> Past:
    """Read what an account wrote again and again. What this run writes itself counts from the next run on."""
    updates: dict[int, list[Rewrite]] = defaultdict(list)
    creates: dict[tuple[Side, str], list[datetime]] = defaultdict(list)
    for entry in await store.repeats(account, now - MEMORY, REPEATS):
        if not entry.readable:
            continue
        if entry.kind == Kind.CREATE and entry.source_id is not None:
            creates[entry.side, entry.source_id].append(entry.at)
        elif entry.link is not None:
            rewrite = Rewrite(at=entry.at, side=entry.side, before=entry.before, after=entry.after)
            updates[entry.link].append(rewrite)
    return Past(now=now, updates=updates, creates=creates)
