"""One calendar of a mailbox: the port that the engine works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.errors import Blocked, Missing, Stale, UnknownOutcome
from calsync.ports import Calendar, Gone, Trashed, Written
from calsync.sync.model import Capabilities
from calsync_exchange_ews.failures import Fate, Refused, fate_of
from calsync_exchange_ews.feed import Feed
from calsync_exchange_ews.items import edits, new_item
from calsync_exchange_ews.reading import EventReader
from calsync_exchange_ews.requests import ItemId, create_item, delete_item, update_item
from calsync_exchange_ews.xml import child, text_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from calsync.ports import Page, Whereabouts
    from calsync.sync.model import Changes, Draft, Event, Observation, Window
    from calsync_exchange_ews.home import Home
    from calsync_exchange_ews.mapping import Stored
    from calsync_exchange_ews.requests import Operation
    from calsync_exchange_ews.responses import Reply

ATTEMPTS = 2
"""How often an update is sent: a server that touches an item by itself moves its version, and nobody's edit."""


class ExchangeCalendar(Calendar):
    """Reads and writes one calendar. Nobody is mailed about a write: every request says so (`requests.SILENT`)."""

    def __init__(self, home: Home, *, silent: bool) -> None:
        """`silent`: meetings that the mailbox organises are written too; their attendees' copies then differ."""
        self.key = home.info.id
        self.capabilities = Capabilities(writes_may_mail=not silent)
        self.home = home
        self._silent = silent
        self._client = home.client
        self._reader = EventReader(home)
        self._feed = Feed(home, self._reader)
        self._names_zones = True

    def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        return self._feed.changes(token, window)

    async def read(self, ids: Sequence[str]) -> Mapping[str, Observation]:
        return await self._reader.many(ids)

    async def locate(self, event_id: str) -> Whereabouts:
        return await self._reader.locate(event_id)

    async def find_marker(self, marker: str) -> Sequence[Observation]:
        return await self._reader.find(marker)

    async def create(self, draft: Draft, marker: str) -> Written:
        """Create with the marker in the same save. A server knows no repetition; the engine searches first."""

        def request(*, zones: bool) -> Operation:
            return create_item(self.home.folder, new_item(draft, marker, self.home.zone, zones=zones))

        reply = await self._write(request)
        if not reply.ok:
            denied = reply.code == "AccessDenied"  # what is denied is the calendar: there is no item yet
            error = self._client.error(reply, changes=True, whole=denied)
            if isinstance(error, Refused) and error.fate is Fate.CONFLICT:
                raise UnknownOutcome(str(error)) from error
            raise error
        written = _written(reply)
        if written is None:
            name = self._client.connection
            raise UnknownOutcome(f"connection {name}: a create was answered without an event")
        return Written(id=written.id, revision=written.change_key)

    async def update(self, target: Observation, changes: Changes, stamp: str) -> Written:
        """Change on condition of the version that was read just before.

        Stamps are not needed: a version that moved is compared field by field, with what was read and with what
        was written. A conflict may be told of a write that was carried out (exchangelib 623).
        """
        del stamp
        fresh = await self._fresh(target)
        _refuse(fresh.observation.event, silent=self._silent)
        if "description" in changes and fresh.observation.event.online_meeting:
            raise Blocked("online_meeting")
        for _ in range(ATTEMPTS):
            reply = await self._write(self._update_of(fresh, changes))
            if reply.ok and not _merged(reply):
                written = _written(reply)
                return Written(id=target.id, revision=written.change_key if written else None)
            if not reply.ok and fate_of(reply) not in (Fate.CONFLICT, Fate.GONE):
                raise self._client.error(reply, changes=True)
            before, fresh = fresh.observation.event, await self._reader.one(target.id)
            if fresh.observation.event == before.with_values(changes):
                return Written(id=target.id, revision=fresh.observation.revision, stored=fresh.observation)
            if fresh.observation.event != before:
                break
        raise Stale(fresh.observation)

    async def delete(self, target: Observation) -> None:
        """Move to Deleted Items what is as it was planned; the server cannot be given a condition here."""
        try:
            fresh = await self._fresh(target)
        except Missing:
            if isinstance(await self.locate(target.id), Gone | Trashed):
                return
            raise
        _refuse(fresh.observation.event, silent=self._silent)
        item = ItemId(target.id, fresh.change_key or None)
        (reply,) = await self._client.call(delete_item(item), self.home.caller)
        if fate_of(reply) is Fate.CONFLICT:
            raise Stale((await self._reader.one(target.id)).observation)
        if not reply.ok and fate_of(reply) is not Fate.GONE:
            raise self._client.error(reply, changes=True)

    async def _fresh(self, target: Observation) -> Stored:
        """Read an event just before a write. Raises Missing; Stale if it is not what the plan was made from.

        Exchange moves versions without anybody's edit too: then what counts is what the event says.
        """
        fresh = await self._reader.one(target.id)
        same = fresh.observation.revision is not None and fresh.observation.revision == target.revision
        if not same and fresh.observation.event != target.event:
            raise Stale(fresh.observation)
        return fresh

    def _update_of(self, fresh: Stored, changes: Changes) -> Callable[..., Operation]:
        start = fresh.start_zone or self.home.zone
        item = ItemId(fresh.observation.id, fresh.change_key or None)

        def request(*, zones: bool) -> Operation:
            return update_item(item, edits(changes, start, fresh.end_zone or start, zones=zones))

        return request

    async def _write(self, request: Callable[..., Operation]) -> Reply:
        """Write one item; once more without its zones where the server refuses to have them set (davmail 192)."""
        (reply,) = await self._client.call(request(zones=self._names_zones), self.home.caller)
        about_zones = "Zone" in reply.values.get("FieldURI", "Zone")
        if fate_of(reply) is Fate.PROPERTY and self._names_zones and about_zones:
            (reply,) = await self._client.call(request(zones=False), self.home.caller)
        return reply


def _refuse(event: Event, *, silent: bool) -> None:
    """Raise Blocked for an event that is not to be written. Unknown attendees count as some."""
    if not event.organised_here:
        raise Blocked("not_organised_here")
    if event.attendee_count != 0 and not silent:
        raise Blocked("has_attendees")
    if event.series:
        raise Blocked("series")


def _written(reply: Reply) -> ItemId | None:
    """Return the id and the version that a write was answered with."""
    items = child(reply.node, "m:Items") if reply.node is not None else None
    found = next(items.iter("{*}ItemId"), None) if items is not None else None
    event_id = found.get("Id") if found is not None else None
    return ItemId(event_id, found.get("ChangeKey")) if found is not None and event_id else None


def _merged(reply: Reply) -> bool:
    """Tell whether the server says of an update that it met another one."""
    count = text_of(reply.node, "m:ConflictResults/t:Count").strip() if reply.node is not None else ""
    return count not in ("", "0")
