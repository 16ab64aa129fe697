"""The trash of a tenant's appointments, the newest first. It holds everybody's and cannot be searched."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from calsync_flowfact.client import Client
    from calsync_flowfact.entity import Buried


class Trash:
    """Shared by the accounts of a connection, because what one of them reads serves the others.

    That the newest come first is not promised. Where a page shows another order, everything is read.
    """

    def __init__(self, client: Client, page_size: int) -> None:
        self._client = client
        self._page_size = page_size
        self._known: set[str] = set()
        self._whole = False
        """Whether `_known` held the whole trash when it was last read, the newest first."""
        self._reading = asyncio.Lock()

    async def newest(self) -> Sequence[Buried]:
        """Return the first page. Raises NoRight."""
        return (await self._client.trash(1, self._page_size)).entries

    async def since(self, floor: int) -> Sequence[Buried]:
        """Return what was deleted at or after a server's time (epoch milliseconds). Raises NoRight."""
        read: list[Buried] = []
        async for page in self._pages():
            read += page
            if _newest_first(read) and page[-1].deleted < floor:
                break
        return [entry for entry in read if entry.deleted >= floor]

    async def ids(self) -> frozenset[str]:
        """Return the ids of everything in the trash. Raises NoRight."""
        return frozenset([entry.id async for page in self._pages() for entry in page])

    async def holds(self, event_id: str) -> bool:
        """Tell whether an entity that cannot be read is in the trash. Raises NoRight.

        Ids are remembered: one that was in the trash and cannot be read was not restored.
        """
        async with self._reading:
            return event_id in self._known or await self._find(event_id)

    async def _find(self, event_id: str) -> bool:
        known, whole, self._whole = frozenset(self._known), self._whole, False
        read: list[Buried] = []
        async for page in self._pages():
            read += page
            self._known.update(entry.id for entry in page)
            met = whole and any(entry.id in known for entry in page)
            if met or event_id in self._known:
                self._whole = met
                return event_id in self._known
        self._whole = _newest_first(read)
        return False

    async def _pages(self) -> AsyncIterator[Sequence[Buried]]:
        """Yield pages until all is read, or one brings nothing new."""
        seen: set[str] = set()
        number, more = 1, True
        while more:
            page = await self._client.trash(number, self._page_size)
            fresh = [entry for entry in page.entries if entry.id not in seen]
            if fresh:
                yield fresh
            seen.update(entry.id for entry in fresh)
            number, more = number + 1, bool(fresh) and len(seen) < page.total


def _newest_first(entries: Sequence[Buried]) -> bool:
    return all(one.deleted >= other.deleted for one, other in pairwise(entries))
