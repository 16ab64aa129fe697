"""The appointments of one FLOWFACT user, read and written one by one.

Writing never mails anybody: the only call known to do so carries `sendWithNotification`, which no code here can
send. Participants are counted and never written, so a write cannot add or remove one. (FLOWFACT's own calendar
sync might carry a write on to Outlook and its attendees; an account whose mailbox it serves is refused.)
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from calsync.errors import Blocked, EventError, Missing, Stale
from calsync.ports import Calendar, Elsewhere, Gone, Here, NoAccess, Page, Trashed, Whereabouts, Written
from calsync.sync.model import Capabilities, Observation
from calsync.values import replace
from calsync_flowfact.emptying import emptied, observed
from calsync_flowfact.entity import entity_id, revision, schema_of, values
from calsync_flowfact.failures import NoRight
from calsync_flowfact.feed import Feed
from calsync_flowfact.pages import walk
from calsync_flowfact.query import CREATED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from calsync.ports import Clock, Ring
    from calsync.sync.model import Changes, Draft, Window
    from calsync_flowfact.client import Client
    from calsync_flowfact.entity import Entity, Hits
    from calsync_flowfact.mapping import EntityMapping
    from calsync_flowfact.query import Queries
    from calsync_flowfact.tenant_feed import TenantFeed
    from calsync_flowfact.trash import Trash


@lru_cache(64)
def _shared(capabilities: Capabilities) -> Capabilities:
    """Return equal ones that other calendars have, too."""
    return capabilities


class FlowfactCalendar(Calendar):
    """One user's appointments in one schema. An appointment of several users is in the calendar of each."""

    def __init__(
        self,
        client: Client,
        mapping: EntityMapping,
        queries: Queries,
        trash: Trash,
        tenant: TenantFeed,
        clock: Clock,
        alone: Callable[[], Awaitable[None]],
        *,
        lacks_location: bool = False,
    ) -> None:
        """`alone` raises AccountError where FLOWFACT has begun to sync this calendar itself.

        `lacks_location`: a rule needs the location, and no field holds it.
        """
        settings = mapping.settings
        self.key = mapping.owner
        self.lacks_location = lacks_location
        self._capabilities = _shared(
            Capabilities(
                conditional_writes=False,
                mapping_version=settings.mapping_version(str(mapping.zone)),
                marker=settings.name("marker") is not None and settings.habits.marker_found is not False,
                marker_lag=timedelta(milliseconds=settings.overlap),
                writes_may_mail=False,
                writes_reminder=settings.name("reminder") is not None,
                also_read=settings.also_read,
            )
        )
        self._client = client
        self._size = settings.page_size
        self._mapping = mapping
        self._queries = queries
        self._trash = trash
        self._tenant = tenant
        self._feed = Feed(client, mapping, queries, trash, tenant)
        self._replaced: dict[str, str | None] = {}
        """Revisions that this process has written over: a search that still answers one lags behind."""
        self._created: dict[str, None] = {}  # an empty set takes three times as much
        self._clock = clock
        self._opened = clock.now()
        self._alone = alone

    @property
    def capabilities(self) -> Capabilities:  # type: ignore[override] # nobody sets it, and one part of it changes
        known = self._capabilities
        if known.marker:
            return known
        # Without a marker a create is looked for in what was read, which may be as old as the last poll.
        return replace(known, marker_lag=known.marker_lag + timedelta(seconds=self._tenant.poll_seconds))

    async def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        await self._alone()
        async for page in self._feed.changes(token, window):
            yield page

    def listen(self, ring: Ring) -> Awaitable[None]:
        return self._feed.listen(ring)

    async def read(self, ids: Sequence[str]) -> Mapping[str, Observation]:
        """Return the present events, in batches through the search as far as it can be trusted."""
        wanted = list(dict.fromkeys(ids))
        found: dict[str, Observation] = {}
        known = [event_id for event_id in wanted if self._search_tells(event_id)]
        if len(known) > 1 and self._tenant.search_shows_trash is False:
            for at in range(0, len(known), self._size):
                found |= await self._searched(known[at : at + self._size])
        single = [event_id for event_id in wanted if event_id not in found]
        results = await asyncio.gather(*map(self._read_one, single), return_exceptions=True)
        for event_id, result in zip(single, results, strict=True):
            if isinstance(result, BaseException):
                raise result
            if result is not None:
                found[event_id] = result
        return found

    async def locate(self, event_id: str, uid: str | None = None) -> Whereabouts:
        """Ask for one event by its id. One that cannot be read as an event is in doubt, not gone."""
        del uid  # ids stay, also in the trash
        try:
            entity = await self._client.get(event_id)
        except NoRight:
            return NoAccess()
        if entity is None:
            return Trashed() if await self._in_trash(event_id) else Gone()
        if not self._mapping.owned(entity):
            return Elsewhere()
        observation = self._mapping.observe(entity)
        return NoAccess() if observation is None else Here(observation)

    async def find_marker(self, marker: str) -> Sequence[Observation]:
        """Search for a marker, and read what carries it: the search may be late, or find similar ones too."""
        field = self._mapping.settings.name("marker")
        if field is None:
            return ()
        ids: list[str] = []
        async with aclosing(walk(self._client, self._queries.marked(field, marker), self._size)) as pages:
            async for hits in pages:
                ids += [entity_id(one) or "" for one in hits.entities if marker in values(one, field)]
        observations = [await self._read_one(event_id) for event_id in dict.fromkeys(ids)]
        return [seen for seen in observations if seen and seen.marker == marker]

    async def create(self, draft: Draft, marker: str) -> Written:
        """Create an appointment of the account's user. The server cannot tell a repeated create from a new one."""
        answer = await self._client.create(self._mapping.draft_fields(draft, marker))
        written = Written(id=answer) if isinstance(answer, str) else self._written(entity_id(answer) or "", answer)
        self._created[written.id] = None
        return written

    async def update(self, target: Observation, changes: Changes, stamp: str) -> Written:
        """Patch the changed fields; the stamp is not carried, because FLOWFACT tells the last modifier."""
        del stamp
        entity = await self._current(target)
        fields = self._mapping.change_fields(changes, entity)
        if not fields:  # only fields that are not mapped: there is nothing to send
            return self._written(target.id, entity)
        self._replaced[target.id] = revision(entity)
        schema = schema_of(entity, self._mapping.settings.write_schema)
        answer = await self._client.patch(schema, target.id, fields)
        if any(value == "" for value in changes.values()):
            answer = await emptied(self._client, self._mapping, entity, changes, answer)
        return Written(id=target.id) if answer is None else self._written(target.id, answer)

    async def delete(self, target: Observation) -> None:
        """Move an appointment to the trash. One that is not there any more is a success.

        One that belongs to others too would be gone for all of them: Blocked.
        """
        try:
            entity = await self._current(target)
            if self._mapping.others(entity):
                raise Blocked("several_owners")
            self._replaced[target.id] = revision(entity)
            await self._client.delete(schema_of(entity, self._mapping.settings.write_schema), target.id)
        except Missing:
            if await self._exists(target.id):
                raise

    async def unmark(self, event_id: str) -> None:
        """Empty the marker's field, in the other form where the server ignores the configured one."""
        settings = self._mapping.settings
        field = settings.name("marker")
        if field is None:
            return
        for empty in (settings.empty_values, settings.other_empty_values):
            entity = await self._owned(event_id)
            if not any(values(entity, field)):
                return
            self._replaced[event_id] = revision(entity)
            schema = schema_of(entity, settings.write_schema)
            await self._client.patch(schema, event_id, {field: {"values": list(empty)}})
        if any(values(await self._owned(event_id), field)):
            raise EventError("FLOWFACT does not empty the appointment's marker")

    async def newest(self, size: int) -> Hits:
        """Return the appointments of the user that were created last, and how many there are."""
        return await self._client.search(self._queries.newest(CREATED), 0, size)

    def unreadable(self, entities: Sequence[Entity]) -> int:
        """Return how many of these are no events that could be shown in another calendar."""
        return sum(self._mapping.observe(entity) is None for entity in entities)

    def _written(self, event_id: str, entity: Entity) -> Written:
        return Written(id=event_id, revision=revision(entity), stored=self._mapping.observe(entity))

    async def _current(self, target: Observation) -> Entity:
        """Return the entity that is about to be written. Raises Stale, Missing.

        FLOWFACT knows no conditional write, so a change between this read and the write is overwritten in the
        written fields. A revision that has not moved proves nothing: not every tenant moves it with each change.
        """
        entity = await self._owned(target.id)
        fresh = observed(self._mapping, entity)
        if fresh.revision is None or fresh.revision != target.revision or fresh.event != target.event:
            raise Stale(fresh)
        return entity

    async def _owned(self, event_id: str) -> Entity:
        """Return an appointment of this calendar. Raises Missing."""
        try:
            entity = await self._client.get(event_id)
        except NoRight as error:
            raise Missing("the API user may not see the appointment any more") from error
        if entity is None or not self._mapping.owned(entity):
            raise Missing("the appointment is no longer in this calendar")
        return entity

    async def _exists(self, event_id: str) -> bool:
        """Tell whether an appointment may still be somewhere: anybody's, or unseen."""
        try:
            return await self._client.get(event_id) is not None
        except NoRight:
            return True

    async def _in_trash(self, event_id: str) -> bool:
        try:
            return await self._trash.holds(event_id)
        except NoRight:
            return False

    def _search_tells(self, event_id: str) -> bool:
        """Tell whether a search of this event is either right, or known to be late.

        What an earlier process wrote over is not known, until the search has caught up with it.
        """
        lag = self.capabilities.marker_lag
        return event_id in self._created or self._clock.now() - self._opened >= lag

    async def _searched(self, ids: Sequence[str]) -> dict[str, Observation]:
        """Return what a search answers of these, without what it has wrong for certain."""
        hits = await self._client.search(self._queries.by_id(ids), 0, len(ids))
        seen = [
            one
            for entity in hits.entities
            if self._mapping.owned(entity) and (one := self._mapping.observe(entity))
        ]
        return {one.id: one for one in seen if one.id in ids and self._replaced.get(one.id, "") != one.revision}

    async def _read_one(self, event_id: str) -> Observation | None:
        try:
            entity = await self._client.get(event_id)
        except NoRight:
            return None
        return self._mapping.observe(entity) if entity and self._mapping.owned(entity) else None
