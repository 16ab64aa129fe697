"""One calendar of a user: the port that calsync works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.errors import AccountError, Blocked, CalsyncError, EventError, Missing, Retry, Stale
from calsync.ports import Calendar, Elsewhere, Gone, Here, NoAccess, Written
from calsync.sync.model import Capabilities, also_read
from calsync.values import replace
from calsync_caldav.client import Conflict, Denied, NotThere
from calsync_caldav.feed import Feed
from calsync_caldav.writing import edited, new_event, uid_of, unmarked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from calsync.ports import Page, Whereabouts
    from calsync.sync.model import Changes, Draft, Event, Need, Observation, Window
    from calsync_caldav.client import Client
    from calsync_caldav.home import Home
    from calsync_caldav.mapping import Reading
    from calsync_caldav.reading import EventReader

CAPABILITIES = Capabilities(writes_may_mail=True)
"""A server with scheduling (RFC 6638) mails the attendees of what is stored."""
HAS: frozenset[Need] = frozenset({"location"})


class CaldavCalendar(Calendar):
    """Reads and writes one collection. Each write names the ETag that was read just before it."""

    def __init__(
        self, client: Client, home: Home, reader: EventReader, zone: ZoneInfo, needs: Collection[Need]
    ) -> None:
        """`zone`: the account's, for new events. `needs`: what rules look at."""
        self.key = f"{client.host}{reader.path}"
        self.capabilities = replace(CAPABILITIES, also_read=also_read(HAS.intersection(needs)))
        self._client = client
        self._home = home
        self._reader = reader
        self._zone = zone
        self._feed = Feed(client, reader)

    def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        return self._feed.changes(token, window)

    async def read(self, ids: Sequence[str]) -> Mapping[str, Observation]:
        try:
            return await self._reader.many(ids)
        except NotThere as error:
            raise AccountError(f"the calendar is no longer there: {error}") from error

    async def locate(self, event_id: str, uid: str | None = None) -> Whereabouts:
        """Ask for the event, then for one of its UID in the user's other calendars. There is no trash."""
        try:
            return Here((await self._reader.one(event_id))[0])
        except (Denied, EventError):
            return NoAccess()
        except NotThere:
            pass
        try:
            if not await self._home.has(self._reader.path):
                return NoAccess()
            others = [] if uid is None else await self._home.others(self._reader.path)
            for path in others:
                if uid is not None and await self._reader.with_uid(path, uid):
                    return Elsewhere()
        except (AccountError, EventError, NotThere):
            return NoAccess()
        return Gone()

    async def find_marker(self, marker: str) -> Sequence[Observation]:
        """Look at the events with the UID that this marker leads to."""
        try:
            paths = await self._reader.with_uid(self._reader.path, uid_of(marker))
        except NotThere as error:
            raise AccountError(f"the calendar is no longer there: {error}") from error
        found = await self.read([event_id for event_id in map(self._reader.event_id, paths) if event_id])
        return [seen for seen in found.values() if seen.marker == marker]

    async def create(self, draft: Draft, marker: str) -> Written:
        """Store the event at a path that its marker leads to: a repeated create finds the first one's."""
        event_id = f"{uid_of(marker)}.ics"
        text = new_event(draft, marker, self._zone, self._client.clock.now())
        try:
            etag = await self._client.put(self._reader.event_path(event_id), text, etag=None)
        except Conflict as conflict:
            return await self._created_before(marker, conflict)
        except NotThere as error:
            raise AccountError(f"the calendar is no longer there: {error}") from error
        return Written(id=event_id, revision=etag or None)

    async def update(self, target: Observation, changes: Changes, stamp: str) -> Written:
        del stamp  # the ETag tells whether a lost write was carried out
        fresh = await self._fresh(target)
        if "description" in changes and fresh.event.online_meeting:
            raise Blocked("online_meeting")
        text = edited(fresh.text, changes, self._zone, self._client.clock.now())
        return await self._put(target.id, text, target.revision or "")

    async def delete(self, target: Observation) -> None:
        try:
            await self._fresh(target)
            await self._client.delete(self._reader.event_path(target.id), etag=target.revision or "")
        except (NotThere, Missing):
            if not isinstance(await self.locate(target.id, target.event.uid), Gone):
                raise
        except Conflict as conflict:
            raise await self._conflicting(target.id, conflict) from conflict

    async def unmark(self, event_id: str) -> None:
        seen, reading = await self._one(event_id)
        if reading.marker:
            _refuse_mail(reading.event)
            await self._put(event_id, unmarked(reading.text), seen.revision or "")

    async def _put(self, event_id: str, text: bytes, etag: str) -> Written:
        try:
            stored = await self._client.put(self._reader.event_path(event_id), text, etag=etag)
        except Conflict as conflict:
            raise await self._conflicting(event_id, conflict) from conflict
        except NotThere as error:
            raise Missing("the event is not in the calendar any more") from error
        return Written(id=event_id, revision=stored or None)

    async def _one(self, event_id: str) -> tuple[Observation, Reading]:
        try:
            return await self._reader.one(event_id)
        except NotThere as error:
            raise Missing("the event is not in the calendar") from error

    async def _fresh(self, target: Observation) -> Reading:
        """Read an event just before a write. Raises Missing, Stale, Blocked."""
        seen, reading = await self._one(target.id)
        if seen.revision is None or seen.revision != target.revision:
            raise Stale(seen)
        _refuse_mail(reading.event)
        return reading

    async def _conflicting(self, event_id: str, conflict: Conflict) -> CalsyncError:
        """Return what a write that was refused for its ETag means."""
        try:
            return Stale((await self._one(event_id))[0])
        except Missing as missing:
            return missing
        except EventError:
            return conflict

    async def _created_before(self, marker: str, conflict: Conflict) -> Written:
        found = await self.find_marker(marker)
        if not found:
            raise Retry("the path of a new event is taken by another one") from conflict
        return Written(id=found[0].id, revision=found[0].revision, stored=found[0])


def _refuse_mail(event: Event) -> None:
    """Raise Blocked for an event whose change or removal might tell somebody. Unknown counts as yes."""
    if event.attendee_count != 0:
        raise Blocked("has_attendees")
    if not event.organised_here:
        raise Blocked("not_organised_here")
    if event.series:
        raise Blocked("series")
