"""What changed in a FLOWFACT calendar. There is no change feed and no push: it is polled with one search.

A poll asks for the owner's appointments, those modified last first, and reads until it meets what it has read
before. Appointments that were never modified have no such time and come last (as in the search engines this one
resembles), so creations are found by the number of appointments that every search answers, and deletions by
that number and the trash. `tally` says how the numbers are added up.

Why nothing is lost, and what may be told twice:

* All cursors are the server's times of entities; this machine's clock only measures how long ago it saw one. A
  cursor is never later than the time of the answer that showed it: an entity with a time in the future would
  else hide what is modified until then.
* A search lags behind writes, by at most `overlap_seconds` (an assumption: no bound is public). So each poll
  reads again what lies that far before its cursor. A write before the cursor minus the overlap was in the
  search when the cursor was read. Once the overlap has passed on this clock with the cursor unmoved, everything
  up to it has been in the search; a poll that began after that has read it, and the next ones need not
  (`settled`): an idle calendar costs one page, whatever happened last.
* Equal times: reading stops at the first entity *older* than the floor, so all of one time are read; only when
  settled are those at the cursor left out. Sorted by creation too, so that equal times keep one order over
  pages.
* Paging while things change: `pages` explains the seam. What moves to the front meanwhile is read by the next
  poll, as its time is later than the cursor, which is never later than what was read.
* A number belongs to the first page of its search, which shows the newest entities of that same moment.
  Creation, modification and deletion between two searches of one poll only shift evidence to the next poll or
  lead to a listing in full, never to silence.
* Where a search answers the trash too, no deletion changes the number: every poll looks at the trash.
* Creations and deletions in equal number leave the number as it was: every tenth poll looks at the trash
  anyway, and when that tells deletions which the number does not show, at the newest creations. What is left
  (given away and received in equal number: the latter is read as modified) is found by the daily listing.
* A listing in full notes its position *before* it reads, so what happens meanwhile is told again.
* Ids repeat within and between polls; tombstones are told again within the overlap. The last one of an id wins.
* An entity that is no event for calsync (no start, an end before the start) is left out, but counted.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from calsync.errors import TokenLost
from calsync.ports import Page
from calsync_flowfact.entity import created_ms, entity_id, modified_ms
from calsync_flowfact.failures import NoRight, Rejected
from calsync_flowfact.listing import Listing
from calsync_flowfact.pages import walk
from calsync_flowfact.position import Position
from calsync_flowfact.query import CREATED, MODIFIED
from calsync_flowfact.tally import Tally

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from calsync.ports import Clock
    from calsync.sync.model import Window
    from calsync_flowfact.client import Client
    from calsync_flowfact.entity import Buried, Entity
    from calsync_flowfact.mapping import EntityMapping
    from calsync_flowfact.query import Queries, Query
    from calsync_flowfact.trash import Trash

TRASH_EVERY = 10


class Feed:
    """The changes of one calendar. Holds no state between polls but what it learnt about the server."""

    def __init__(
        self, client: Client, mapping: EntityMapping, queries: Queries, trash: Trash, clock: Clock
    ) -> None:
        settings = mapping.settings
        self._client = client
        self._mapping = mapping
        self._queries = queries
        self._trash = trash
        self._clock = clock
        self._size = settings.page_size
        self._overlap = settings.overlap
        owner, zone = mapping.owner, str(mapping.zone)
        self._reads = f"{owner}/{settings.schema}/{settings.required('owner')}/{settings.mapping_version(zone)}"
        self.search_shows_trash: bool | None = None
        """None before the first changes were read."""

    async def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        """Yield pages as `calsync.ports.Reader.changes` says."""
        pages = self._list(window) if token is None else self._poll(Position.of(token, self._reads))
        async for page in pages:
            yield page

    async def _list(self, window: Window) -> AsyncIterator[Page]:
        position = await self._present()
        self.search_shows_trash = position.trash_in_search
        hidden = await self._trash.ids() if position.trash_in_search else frozenset()
        listing = Listing(self._client, self._queries, self._size)
        async for entities in listing.read(window, position.total):
            yield self._page(entity for entity in entities if entity_id(entity) not in hidden)
        yield Page(token=position.text(), complete=True)

    async def _present(self) -> Position:
        """Return the position at the present moment, without reading the appointments."""
        modified = await self._client.search(self._queries.newest(MODIFIED, CREATED), 0, 1)
        created = await self._client.search(self._queries.newest(CREATED), 0, 1)
        latest = max(map(created_ms, created.entities), default=0)
        buried = await self._seen_trash(None)
        return Position(
            reads=self._reads,
            modified=self._not_later(max(map(modified_ms, modified.entities), default=0), modified.at),
            first_seen=self._now(),
            settled=False,
            created=latest,
            searched=latest,
            total=modified.total,
            trash=None if buried is None else self._not_later(_latest(buried), created.at),
            trash_in_search=await self._finds_trash(buried or (), created.at),
        )

    async def _finds_trash(self, buried: Sequence[Buried], at: int | None) -> bool:
        """Tell whether a search answers deleted entities. Those of the last minutes prove nothing, for its lag."""
        if (probed := self._mapping.settings.habits.trash_in_search) is not None:
            return probed
        old = min(self._now(), self._now() if at is None else at) - 2 * self._overlap
        ids = [entry.id for entry in buried if entry.deleted < old][: self._size]
        return bool(ids) and bool((await self._client.search(self._queries.by_id(ids), 0, self._size)).entities)

    async def _poll(self, then: Position) -> AsyncIterator[Page]:
        self.search_shows_trash = then.trash_in_search
        began = self._now()
        due = began - then.ahead_since >= self._overlap
        tally = Tally(then, ahead=0 if due else then.ahead, due=then.ahead if due else 0)
        async for entities in self._modified(tally):
            yield self._page(entities)
        if tally.rose:
            async for entities in self._created(tally):
                yield self._page(entities)
        buried = None
        if tally.fell or then.trash_in_search or then.polls + 1 >= TRASH_EVERY:
            buried = await self._seen_trash(then)
            tally.bury(buried or (), self._mapping.owner)
        if tally.masked and tally.searched is None:
            async for entities in self._created(tally):
                yield self._page(entities)
        if not tally.explained:
            raise TokenLost("FLOWFACT's number of appointments is not explained by the changes it tells")
        yield Page(removed=self._removed(buried), token=self._next(tally, began, buried).text())

    async def _modified(self, tally: Tally) -> AsyncIterator[Sequence[Entity]]:
        """Yield what was modified since the last poll, the overlap again."""
        then = tally.then
        floor = then.modified + 1 if then.settled else max(1, then.modified - self._overlap)
        query = self._queries.newest(MODIFIED, CREATED)
        async for entities in self._down_to(query, floor, modified_ms, tally, late=True):
            yield entities

    async def _created(self, tally: Tally) -> AsyncIterator[Sequence[Entity]]:
        """Yield what was created since the last poll, the overlap again."""
        floor = max(1, tally.then.searched - self._overlap)
        query, late = self._queries.newest(CREATED), not tally.then.settled
        async for entities in self._down_to(query, floor, created_ms, tally, late=late):
            yield entities
        tally.searched = max(tally.then.searched, tally.created)

    async def _down_to(
        self, query: Query, floor: int, time_of: Callable[[Entity], int], tally: Tally, *, late: bool
    ) -> AsyncIterator[Sequence[Entity]]:
        """Yield what a search that begins with the newest answers, until it is older than `floor`."""
        first = True
        async with aclosing(walk(self._client, query, self._size)) as pages:
            try:
                async for hits in pages:
                    if first:
                        tally.count(hits)
                    first = False
                    entities = [entity for entity in hits.entities if time_of(entity) >= floor]
                    tally.add(entities, late=late)
                    yield entities
                    if len(entities) < len(hits.entities):
                        return
            except Rejected as error:
                if first:
                    raise
                raise TokenLost("FLOWFACT does not tell that many changes at once") from error

    async def _seen_trash(self, then: Position | None) -> Sequence[Buried] | None:
        """Return what was deleted since `then`, or the newest deletions; None where the trash may not be seen."""
        if then is not None and then.trash is None:
            return None
        try:
            if then is None:
                return await self._trash.newest()
            return await self._trash.since((then.trash or 0) - self._overlap)
        except NoRight:
            return None

    def _next(self, tally: Tally, began: int, buried: Sequence[Buried] | None) -> Position:
        then = tally.then
        modified = max(then.modified, self._not_later(tally.modified, tally.at))
        created = max(then.created, tally.created)
        moved = modified > then.modified or created > then.created
        trash, polls = then.trash, then.polls + 1
        if buried is not None:
            trash, polls = max(then.trash or 0, self._not_later(_latest(buried), tally.at)), 0
        return replace(
            then,
            modified=modified,
            first_seen=self._now() if moved else then.first_seen,
            settled=not moved and (then.settled or began - then.first_seen >= self._overlap),
            created=created,
            searched=then.searched if tally.searched is None else tally.searched,
            total=tally.now,
            trash=trash,
            polls=polls % TRASH_EVERY,
            ahead=tally.still_ahead,
            ahead_since=self._now() if tally.told else then.ahead_since,
        )

    def _page(self, entities: Iterable[Entity]) -> Page:
        return Page(observations=[seen for seen in map(self._mapping.observe, entities) if seen])

    def _removed(self, buried: Sequence[Buried] | None) -> Sequence[str]:
        owner = self._mapping.owner
        return [entry.id for entry in buried or () if entry.owners is None or owner in entry.owners]

    def _not_later(self, time: int, at: int | None) -> int:
        """Return a server's time, but no later than the answer's, told in whole seconds, or this machine's."""
        return min(time, max(self._now(), 0 if at is None else at + 999))

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


def _latest(buried: Sequence[Buried]) -> int:
    return max((entry.deleted for entry in buried), default=0)
