"""Whether a search does what reading relies on: it begins where it is asked to, and puts the newest first.

What has no time comes behind all others. A server that ignores sorts, or puts appointments that were never
modified in front, would let edits pass unseen: `reading` stops at the first one that is old.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from calsync_flowfact.entity import created_ms, entity_id, modified_ms
from calsync_flowfact.failures import NoRight, NotFound, Rejected
from calsync_flowfact.query import CREATED, MODIFIED, newest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from calsync_flowfact.client import Client
    from calsync_flowfact.config import Settings
    from calsync_flowfact.entity import Entity


def newest_first(times: Iterable[int]) -> bool:
    """Tell whether no time stands behind an earlier one. 0 stands for none, so all that have one come first."""
    return all(one >= other for one, other in pairwise(times))


async def sorts(client: Client, settings: Settings, by_creation: Sequence[Entity], size: int) -> bool | None:
    """Tell whether searches sort, judged by a page that was sorted by creation and by one more; None for no proof.

    Raises NoRight, NotFound, Rejected, Retry.
    """
    created = [created_ms(one) for one in by_creation]
    hits = await client.search(newest(settings, [], MODIFIED, CREATED), 0, size)
    modified = [modified_ms(one) for one in hits.entities]
    if not newest_first(created) or not newest_first(modified):
        return False
    if modified and not modified[0] and await any_modified(client, settings):
        return False
    return True if len(set(created)) > 1 and len(set(modified)) > 1 else None


async def any_modified(client: Client, settings: Settings) -> bool:
    """Tell whether a search for appointments that were modified shows one; False where it takes no such query."""
    ever = {"type": "hasField", "field": MODIFIED}
    try:
        hits = await client.search(newest(settings, [ever], MODIFIED), 0, 1)
    except (NoRight, NotFound, Rejected):
        return False
    return any(map(modified_ms, hits.entities))


async def heeds_offset(client: Client, settings: Settings, shown: Sequence[Entity]) -> bool:
    """Tell whether a search that begins behind the first one of those `shown` leaves it out, where there are more.

    `shown` are those that were created last. Raises NoRight, NotFound, Rejected, Retry.
    """
    ids = [entity_id(one) for one in shown]
    if not ids[1:]:
        return True
    hits = await client.search(newest(settings, [], CREATED), 1, 1)
    return ids[0] not in map(entity_id, hits.entities)
