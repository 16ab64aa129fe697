"""One calendar of a mailbox: the port that the engine works with."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING, Any

from calsync.errors import AccountError, Blocked, CalsyncError, EventError, Missing, Retry, Stale, UnknownOutcome
from calsync.ports import Calendar, Gone, Here, Trashed, Written
from calsync.sync.model import Capabilities, also_read
from calsync.values import replace
from calsync_graph.bodies import Edit, Unmark, edit, new_event
from calsync_graph.feed import Feed
from calsync_graph.mapping import Unreadable, is_text, observation
from calsync_graph.reading import EventReader
from calsync_graph.refusals import Denied, Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Collection, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from calsync.ports import Page, Ring, Whereabouts
    from calsync.sync.model import Changes, Draft, Event, Need, Observation, Window
    from calsync_graph.client import Client
    from calsync_graph.doorbell import Doorbell
    from calsync_graph.home import Home
    from calsync_graph.mapping import Stored

CAPABILITIES = Capabilities(mapping_version=2, conditional_writes=False, writes_may_mail=True)
"""Every write names the version that was read, but that Graph heeds it is not documented. So what an event holds
besides the fields that were written counts as its user's."""
HAS: frozenset[Need] = frozenset({"location"})
"""What can be read besides."""

log = logging.getLogger("calsync.graph")


class GraphCalendar(Calendar):
    """Reads and writes one calendar. Refuses each write that could mail somebody, whatever the rules say."""

    def __init__(
        self,
        client: Client,
        home: Home,
        key: str,
        zone: ZoneInfo,
        *,
        can_edit: bool,
        doorbell: Doorbell | None,
        needs: Collection[Need] = (),
    ) -> None:
        """`zone`: the account's, for new events. `needs`: what rules look at; of types, Outlook has none."""
        self.key = key
        self.can_edit = can_edit
        self.heeds_versions: bool | None = None
        """Whether the server refuses a write that names another version than the event has; None: not tried."""
        self._client = client
        self._home = home
        self._zone = zone
        self._doorbell = doorbell
        wanted = HAS.intersection(needs)
        self.capabilities = _capabilities(wanted)
        self._location = "location" in wanted
        self._reader = EventReader(client, home, location=self._location)
        self._feed = Feed(client, home, self._reader)

    def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        return self._feed.changes(token, window)

    async def read(self, ids: Sequence[str]) -> Mapping[str, Observation]:
        return await self._reader.many(ids)

    async def locate(self, event_id: str, uid: str | None = None) -> Whereabouts:
        del uid  # immutable ids stay, also in another folder
        return await self._reader.locate(event_id)

    async def find_marker(self, marker: str) -> Sequence[Observation]:
        return await self._reader.find(marker)

    async def create(self, draft: Draft, marker: str) -> Written:
        """Create with a transactionId made of the marker: a repeated create finds the first one's event."""
        try:
            row = await self._client.post(f"{self._home.path}/events", new_event(draft, marker, self._zone))
        except Refused as refused:
            if refused.duplicate:
                return await self._created_before(refused, marker)
            if refused.not_found:
                raise AccountError(f"{refused}: the calendar is no longer there") from refused
            if refused.conflict:
                raise Retry(str(refused)) from refused
            raise
        if not row.get("id"):
            raise UnknownOutcome(f"connection {self._client.connection}: a create was answered without an event")
        return self._written(row, row["id"], marker)

    async def update(self, target: Observation, changes: Changes, stamp: str) -> Written:
        """Change on condition of the revision. Stamps are not needed: the answer holds the stored event."""
        del stamp
        fresh = await self._fresh(target)
        _refuse_mail(fresh.observation.event)
        if "description" in changes and fresh.observation.event.online_meeting:
            raise Blocked("online_meeting")
        body = edit(changes, fresh, self._zone)
        try:
            row = await self._client.patch(self._reader.path(target.id), body, fresh.observation.revision or "")
        except Refused as refused:
            raise await self._unwritten(target.id, refused) from refused
        except Denied as denied:
            raise await self._home.only_one_event(denied) from denied
        if row.get("attendees"):
            log.warning(
                "%s: somebody was invited to an event within the moment before it was written, and may have been "
                "told of the change; it is not written to any more",
                self._client.connection,
            )
        return self._written(row, target.id, fresh.observation.marker)

    async def delete(self, target: Observation) -> None:
        try:
            fresh = await self._fresh(target)
        except Missing:
            if isinstance(await self.locate(target.id), Gone | Trashed):
                return
            raise
        _refuse_mail(fresh.observation.event)
        try:
            await self._client.delete(self._reader.path(target.id), fresh.observation.revision or "")
        except Refused as refused:
            if not refused.not_found:
                raise await self._unwritten(target.id, refused) from refused
        except Denied as denied:
            # Seen for meetings that somebody cancelled meanwhile; those count as deleted.
            place = await self.locate(target.id)
            cancelled = isinstance(place, Here) and place.observation.event.cancelled
            if not cancelled and not isinstance(place, Gone | Trashed):
                raise await self._home.only_one_event(denied) from denied

    async def unmark(self, event_id: str) -> None:
        fresh = await self._reader.one(event_id)
        if not fresh.observation.marker:
            return
        _refuse_mail(fresh.observation.event)
        try:
            await self._client.patch(self._reader.path(event_id), Unmark(), fresh.observation.revision or "")
        except Refused as refused:
            if refused.conflict:
                raise Retry(str(refused)) from refused
            raise await self._unwritten(event_id, refused) from refused
        except Denied as denied:
            raise await self._home.only_one_event(denied) from denied
        if (await self._reader.one(event_id)).observation.marker:
            raise EventError(f"connection {self._client.connection}: the server keeps an event's marker")

    def listen(self, ring: Ring) -> Awaitable[None]:
        if self._doorbell is None:
            return super().listen(ring)
        return self._doorbell.listen(self._home.mailbox, ring)

    async def try_versions(self, event_id: str) -> None:
        """Find out by an event that nobody else needs whether the server heeds the version of a write.

        Changes the event, then tries to change and to delete it as if that had not been.
        """
        path, outdated = self._reader.path(event_id), (await self._reader.one(event_id)).observation.revision or ""
        await self._client.patch(path, Edit(subject="calsync check: changed"), outdated)
        changed = not await _refused(self._client.patch(path, Edit(subject="calsync check: again"), outdated))
        deleted = not await _refused(self._client.delete(path, outdated))
        self.heeds_versions = not changed and not deleted

    async def _fresh(self, target: Observation) -> Stored:
        """Read an event just before a write. Raises Missing; Stale if it is not what the plan was made from."""
        fresh = await self._reader.one(target.id)
        if fresh.observation.revision is None or fresh.observation.revision != target.revision:
            raise Stale(fresh.observation)
        return fresh

    async def _unwritten(self, event_id: str, refused: Refused) -> CalsyncError:
        """Return what a refused write means for the event."""
        if refused.not_found:
            return Missing("the event is not in the calendar any more")
        if not refused.conflict:
            return refused
        try:
            return Stale((await self._reader.one(event_id)).observation)
        except (Missing, EventError) as error:
            return error

    def _written(self, row: Mapping[str, Any], event_id: str, marker: str | None) -> Written:
        """Read the answer to a write, which lacks the marker. One with HTML notes is left to be read again."""
        try:
            seen = observation(row, location=self._location)
        except Unreadable:
            return Written(id=event_id)
        if not is_text(row):
            return Written(id=event_id, revision=seen.revision)
        return Written(id=event_id, revision=seen.revision, stored=replace(seen, marker=marker))

    async def _created_before(self, refused: Refused, marker: str) -> Written:
        """Return the event that an earlier create with this marker made. Its id is not always told."""
        known = refused.reply.existing_event
        found = list((await self.read([known])).values()) if known else []
        found = found or list(await self.find_marker(marker))
        if not found:
            raise Retry(f"{refused}: the event of an earlier attempt is gone") from refused
        return Written(id=found[0].id, revision=found[0].revision, stored=found[0])


@cache
def _capabilities(wanted: frozenset[Need]) -> Capabilities:
    return replace(CAPABILITIES, also_read=also_read(wanted))


async def _refused(write: Awaitable[object]) -> bool:
    """Tell whether a write is refused because the event has another version."""
    try:
        await write
    except Refused as refused:
        if not refused.conflict:
            raise
        return True
    return False


def _refuse_mail(event: Event) -> None:
    """Raise Blocked for an event whose change or removal Exchange might tell somebody. Unknown counts as yes."""
    if event.attendee_count != 0:
        raise Blocked("has_attendees")
    if not event.organised_here:
        raise Blocked("not_organised_here")
    if event.series:
        raise Blocked("series")
