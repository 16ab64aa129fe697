"""Reading what changed in a FLOWFACT tenant, in everybody's calendars.

There is no change feed and no push: the tenant is polled with one search. A poll asks for everybody's
appointments, those modified last first, and reads until it meets what it has read before. Appointments that were
never modified have no such time and come last (as in the search engines this one resembles), so creations are
found by the number of appointments that every search answers, and deletions by that number and the trash. `tally`
says how the numbers are added up.

Why nothing is lost, and what may be told twice:

* All cursors are the server's times of entities; this machine's clock only measures how long ago it saw one. A
  cursor is never later than the time of the answer that showed it: an entity with a time in the future would
  else hide what is modified until then.
* A search lags behind writes, by at most `overlap_seconds` (an assumption: no bound is public). So each poll
  reads again what lies that far before its cursor. A write before the cursor minus the overlap was in the
  search when the cursor was read. Once the overlap has passed on this clock with the cursor unmoved, everything
  up to it has been in the search; a poll that began after that has read it, and the next ones need not
  (`settled`): an idle tenant costs one page, whatever happened last.
* Equal times: reading stops at the first entity *older* than the floor, so all of one time are read; only when
  settled are those at the cursor left out. Sorted by creation too, so that equal times keep one order over
  pages.
* Paging while things change: `pages` explains the seam. What moves to the front meanwhile is read by the next
  poll, as its time is later than the cursor, which is never later than what was read.
* A number belongs to the first page of its search, which shows the newest entities of that same moment.
  Creation, modification and deletion between two searches of one poll only shift evidence to the next poll or
  raise the alarm, never lead to silence.
* Where a search answers the trash too, no deletion changes the number: every poll looks at the trash.
* What the trash tells may still be counted when the first number is taken. What a search shows of it is expected
  to leave the number (`ahead`), and what is created meanwhile does not hide that.
* Creations and deletions in equal number leave the number as it was: every tenth poll looks at the trash
  anyway, and when that tells deletions which the number does not show, at the newest creations. What is left is
  found by each calendar's daily listing.
* A search that does not sort, or puts in front what was never modified, would hide what changed. A page in such an
  order is TokenLost: everything is read. Where nothing seems to be modified, ever, every tenth poll asks for it
  in another way (`order`).
* A number that stays unexplained is an alarm: nobody tells in whose calendar something was missed, so each one
  counts its own appointments when it is read the next time (`feed`).
"""

from __future__ import annotations

from contextlib import aclosing, suppress
from itertools import islice
from typing import TYPE_CHECKING

from calsync.errors import TokenLost
from calsync.values import replace
from calsync_flowfact.entity import changed_ms, created_ms, entity_id, modified_ms
from calsync_flowfact.failures import NoRight, Rejected
from calsync_flowfact.log import Log
from calsync_flowfact.order import any_modified, newest_first
from calsync_flowfact.pages import walk
from calsync_flowfact.position import Floors, Position
from calsync_flowfact.query import CREATED, MODIFIED, by_id, newest
from calsync_flowfact.tally import Tally

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from calsync.ports import Clock
    from calsync_flowfact.client import Client
    from calsync_flowfact.config import Settings
    from calsync_flowfact.entity import Buried, Entity, Hits
    from calsync_flowfact.query import Query
    from calsync_flowfact.trash import Trash

TRASH_EVERY = 10
UNSORTED = "FLOWFACT's search does not put what was modified last in front"


class Reading:
    """How a tenant is read. Holds no state: positions and logs belong to the caller."""

    def __init__(self, client: Client, settings: Settings, trash: Trash, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._trash = trash
        self._clock = clock
        self._size = settings.page_size
        self._overlap = settings.overlap
        self._by_modification = newest(settings, [], MODIFIED, CREATED)
        self._by_creation = newest(settings, [], CREATED)

    async def present(self) -> Position:
        """Return the position at the present moment, without reading the appointments."""
        buried = await self._seen_trash(None)
        # Asked before the count: what is shown still may leave the count behind it, never the other way round.
        shown = await self._still_shown(buried or ())
        modified = await self._client.search(self._by_modification, 0, 1)
        created = await self._client.search(self._by_creation, 0, 1)
        latest = max(map(created_ms, created.entities), default=0)
        in_search = self._finds_trash(shown, created.at)
        return Position(
            modified=self._not_later(max(map(modified_ms, modified.entities), default=0), modified.at),
            first_seen=self._now(),
            settled=False,
            created=latest,
            searched=latest,
            total=modified.total,
            trash=None if buried is None else self._not_later(_latest(buried), created.at),
            trash_in_search=in_search,
            ahead=0 if in_search else len(shown),
            ahead_since=self._now(),
        )

    async def _still_shown(self, buried: Sequence[Buried]) -> Sequence[Buried]:
        """Return what a search still answers of the last deletions that the trash tells."""
        asked = buried[: self._size]
        found = {entity_id(one) for one in await self._found([one.id for one in asked])} if asked else set()
        return [one for one in asked if one.id in found]

    def _finds_trash(self, shown: Sequence[Buried], at: int | None) -> bool:
        """Tell whether a search answers deleted entities. Those of the last minutes prove nothing, for its lag."""
        if (probed := self._settings.habits.trash_in_search) is not None:
            return probed
        old = min(self._now(), self._now() if at is None else at) - 2 * self._overlap
        return any(entry.deleted < old for entry in shown)

    async def _found(self, ids: Sequence[str]) -> Sequence[Entity]:
        """Return those of at most a page of entities that a search shows."""
        return (await self._client.search(by_id(self._settings, ids), 0, self._size)).entities

    async def poll(self, then: Position, log: Log, seq: int) -> tuple[Position, bool]:
        """Read what changed since `then` into the log, as the read of this number.

        Return the new position, and whether the number of appointments is explained. Raises TokenLost for more
        changes than a search reaches, Retry, LoginError, AccountError.
        """
        began = self._now()
        due = began - then.ahead_since >= self._overlap
        tally = Tally(then, ahead=0 if due else then.ahead, due=then.ahead if due else 0, lag=self._overlap)
        await self._modified(tally, log, seq)
        tenth = then.polls + 1 >= TRASH_EVERY
        if tenth and not (then.modified or tally.modified) and await any_modified(self._client, self._settings):
            raise TokenLost(UNSORTED)
        if tally.rose or tally.blind:
            await self._created(tally, log, seq)
        buried = None
        if tally.fell or tally.blind or then.trash_in_search or tenth:
            buried = await self._seen_trash(then, tally.oldest if then.trash_in_search else None)
            tally.bury(buried or ())
            log.bury(buried or (), seq)
        if tally.masked and tally.searched is None:
            await self._created(tally, log, seq)
        if tally.rose and not tally.explained:
            await self._restored(tally, log, seq)
        return self._next(tally, began, buried), tally.explained

    async def since(self, floors: Floors, seq: int, *, trash: bool) -> Log:
        """Read everything from some times on. Raises TokenLost for too much of it."""
        past, oldest = Log(self._settings.required("owner")), floors.deleted
        for query, floor, time_of in (
            (self._by_modification, floors.modified, modified_ms),
            (self._by_creation, floors.created, created_ms),
        ):
            async for _, entities in self._down_to(query, floor, time_of):
                past.add(entities, seq)
                if past.full:
                    raise TokenLost("more changed in FLOWFACT since then than is worth to be read one by one")
                oldest = min([oldest, *map(changed_ms, entities)])
        if trash:
            with suppress(NoRight):
                past.bury(await self._trash.since(oldest), seq)
        return past

    async def _modified(self, tally: Tally, log: Log, seq: int) -> None:
        """Read what was modified since the last poll, the overlap again."""
        floor = tally.then.floors(self._overlap).modified
        await _take(self._down_to(self._by_modification, floor, modified_ms), tally, log, seq, late=True)

    async def _created(self, tally: Tally, log: Log, seq: int) -> None:
        """Read what was created since the last poll, the overlap again."""
        floor, late = tally.then.floors(self._overlap).created, not tally.then.settled
        await _take(self._down_to(self._by_creation, floor, created_ms), tally, log, seq, late=late)
        tally.searched = max(tally.then.searched, tally.created)

    async def _restored(self, tally: Tally, log: Log, seq: int) -> None:
        """Look for what was deleted and is back, among the last deletions that were told."""
        ids = list(islice(log.buried(), self._size))
        found = await self._found(ids) if ids else ()
        tally.other.update(entity_id(entity) or "" for entity in found)
        log.add(found, seq, again=True)

    async def _down_to(
        self, query: Query, floor: int, time_of: Callable[[Entity], int]
    ) -> AsyncIterator[tuple[Hits, Sequence[Entity]]]:
        """Yield each page of a search that begins with the newest, and what of it is not older than `floor`."""
        first = True
        async with aclosing(walk(self._client, query, self._size)) as pages:
            try:
                async for hits in pages:
                    first = False
                    if not newest_first(map(time_of, hits.entities)):
                        raise TokenLost(UNSORTED)
                    entities = [entity for entity in hits.entities if time_of(entity) >= floor]
                    yield hits, entities
                    if len(entities) < len(hits.entities):
                        return
            except Rejected as error:
                if first:
                    raise
                raise TokenLost("FLOWFACT does not tell that many changes at once") from error

    async def _seen_trash(self, then: Position | None, oldest: int | None = None) -> Sequence[Buried] | None:
        """Return what was deleted since `then`, or the newest deletions; None where the trash may not be seen.

        Back to the `oldest` that was read, too, where a search answers what is in the trash.
        """
        if then is not None and then.trash is None:
            return None
        try:
            if then is None:
                return await self._trash.newest()
            floor = then.floors(self._overlap).deleted
            return await self._trash.since(floor if oldest is None else min(floor, oldest))
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

    def _not_later(self, time: int, at: int | None) -> int:
        """Return a server's time, but no later than the answer's, told in whole seconds, or this machine's."""
        return min(time, max(self._now(), 0 if at is None else at + 999))

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


async def _take(
    pages: AsyncIterator[tuple[Hits, Sequence[Entity]]], tally: Tally, log: Log, seq: int, *, late: bool
) -> None:
    """Take what a search tells as evidence, and into the log."""
    first = True
    async for hits, entities in pages:
        if first:
            tally.count(hits)
        first = False
        tally.add(entities, log, late=late)
        log.add(entities, seq)


def _latest(buried: Sequence[Buried]) -> int:
    return max((entry.deleted for entry in buried), default=0)
