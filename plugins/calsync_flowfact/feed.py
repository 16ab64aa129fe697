"""What changed in one FLOWFACT calendar: its part of what changed in the tenant, or everything in its window.

* What the tenant's feed tells of this owner's appointments is told. Everybody else's that were modified or deleted
  are told as perhaps gone: one of them may have belonged to this calendar before, and FLOWFACT does not say to
  whom it did. Whoever does not know the id has nothing to ask.
* A calendar for which something may have been missed (`News.alarm`) counts its own appointments. Where it was told
  nothing since it was listed, the number must be the same; otherwise, and where it is not, it is listed in full.
* A listing in full notes its position *before* it reads, so what happens meanwhile is told again.
* An entity that is no event for calsync (no start, an end before the start) is left out, but counted.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from calsync.errors import TokenLost
from calsync.ports import NOTHING_NEW, Page
from calsync_flowfact.entity import Buried, entity_id
from calsync_flowfact.listing import Listing
from calsync_flowfact.position import Token
from calsync_flowfact.query import CREATED

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Iterable, Sequence

    from calsync.ports import Ring
    from calsync.sync.model import Observation, Window
    from calsync_flowfact.client import Client
    from calsync_flowfact.entity import Entity
    from calsync_flowfact.mapping import EntityMapping
    from calsync_flowfact.query import Queries
    from calsync_flowfact.tenant_feed import TenantFeed
    from calsync_flowfact.trash import Trash


class Feed:
    """The changes of one calendar. Holds no state between polls but what was told last."""

    __slots__ = ("_asking", "_client", "_hears", "_mapping", "_queries", "_tenant", "_told", "_trash", "_version")

    def __init__(
        self, client: Client, mapping: EntityMapping, queries: Queries, trash: Trash, tenant: TenantFeed
    ) -> None:
        self._client = client
        self._mapping = mapping
        self._queries = queries
        self._trash = trash
        self._tenant = tenant
        self._version = mapping.settings.mapping_version(str(mapping.zone))
        self._told: int | None = None
        """The tenant's last read that this calendar was told, or rung for; None for none."""
        self._asking = False
        """A run is being told: it needs no ring."""
        self._hears = False
        """It has rung since it was last listened to."""

    @property
    def _reads(self) -> str:
        """What is read, and how: a token of other reads is lost."""
        owner, settings = self._mapping.owner, self._mapping.settings
        return f"{owner}/{settings.schema}/{settings.required('owner')}/{self._version}"

    async def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        """Yield pages as `calsync.ports.Reader.changes` says."""
        if token is not None and not self._tenant.tells:
            raise TokenLost("FLOWFACT does not tell what changed, so everything is read")
        if token is not None:
            yield await self._news(Token.of(token, self._reads))
            return
        async for page in self._list(window):
            yield page

    def listen(self, ring: Ring) -> asyncio.Future[None]:
        """Ring when the tenant's feed has read a change of this owner's that was not told yet, until cancelled.

        Also ring at first, with NOTHING_NEW where a run was told everything.
        """
        self._hears = False
        # What happens behind the first ring must be heard: who was told nothing yet rings behind the next read.
        return self._tenant.follow(partial(self._hear, ring), at_once=self._told is not None)

    def _hear(self, ring: Ring) -> None:
        latest = self._tenant.latest(self._mapping.owner)
        if (self._told is None or latest > self._told) and not self._asking:
            self._told = latest
            ring("FLOWFACT tells of a change")
        elif not self._hears:
            ring(NOTHING_NEW)
        self._hears = True

    async def _list(self, window: Window) -> AsyncIterator[Page]:
        owned = await self._owned()
        token = await self._tenant.present(self._reads, owned)
        hidden = await self._trash.ids() if token.position.trash_in_search else frozenset()
        listing = Listing(self._client, self._queries, self._mapping.settings.page_size)
        async for entities in listing.read(window, owned):
            yield Page(observations=self._observed(one for one in entities if entity_id(one) not in hidden))
        self._told = token.seq
        yield Page(token=token.text(), complete=True)

    async def _news(self, token: Token) -> Page:
        self._asking = True
        try:
            news = await self._tenant.since(token)
        finally:
            self._asking = False
        if news.alarm and (token.owned is None or token.owned != await self._owned()):
            raise TokenLost("FLOWFACT's number of appointments is not explained by the changes it tells")
        owner = self._mapping.owner
        shown = [change for change in news.changes if not isinstance(change.what, Buried)]
        observations = self._observed(one.entity for one in shown if owner in one.owners)
        buried = [change.what for change in news.changes if isinstance(change.what, Buried)]
        removed = [one.id for one in buried]
        removed += [one.id for one in shown if one.modified and owner not in one.owners]
        mine = any(one.owners is None or owner in one.owners for one in buried)
        owned = None if observations or mine else token.owned
        self._told = news.seq
        token_now = self._tenant.token(token, owned, news)
        return Page(observations=observations, removed=removed, token=token_now.text())

    async def _owned(self) -> int:
        """Return how many appointments the owner has."""
        return (await self._client.search(self._queries.newest(CREATED), 0, 1)).total

    def _observed(self, entities: Iterable[Entity | None]) -> Sequence[Observation]:
        return [seen for entity in entities if entity and (seen := self._mapping.observe(entity))]
