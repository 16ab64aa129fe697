"""Reading a search page by page while people work.

Pages are asked for by offset, and each begins a few entities before the end of the one before (the seam).
Entities that leave the search meanwhile shift the rest to the left; the seam makes up for a few of them and
shows when there were more. Entities that enter at the front shift the rest to the right and are only read
again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.errors import Retry
from calsync_flowfact.entity import entity_id

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from calsync_flowfact.client import Client
    from calsync_flowfact.entity import Hits
    from calsync_flowfact.query import Query

SEAM = 5


class Shifted(Retry):
    """So many entities left the search while it was read that some may have been missed. Read again."""


async def walk(client: Client, query: Query, size: int) -> AsyncGenerator[Hits, None]:
    """Yield a search's pages to its end. A server may give smaller pages than `size`. Raises Shifted."""
    seen: set[str | None] = set()
    offset = 0
    while True:
        hits = await client.search(query, offset, size)
        ids = [entity_id(entity) for entity in hits.entities]
        seam = min(SEAM, len(ids) // 2)
        if offset and ids and seam and seen.isdisjoint(ids):
            raise Shifted(f"{client.name}: appointments were deleted in FLOWFACT while they were read")
        yield hits
        seen.update(ids)
        if not ids or offset + len(ids) >= hits.total:
            return
        offset += len(ids) - seam
