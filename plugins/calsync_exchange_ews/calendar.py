"""One calendar of a mailbox: the port that the engine works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.errors import Blocked, CalsyncError, EventError, Missing, Stale, UnknownOutcome
from calsync.ports import Calendar, Gone, Trashed, Written
from calsync.sync.model import Capabilities, also_read
from calsync.values import replace
from calsync_exchange_ews.client import UNKNOWN_ZONE
from calsync_exchange_ews.failures import Fate, Refused, fate_of
from calsync_exchange_ews.feed import Feed
from calsync_exchange_ews.items import edits, new_item, no_marker
from calsync_exchange_ews.reading import EventReader
from calsync_exchange_ews.requests import LOCATION, ItemId, create_item, delete_item, update_item
from calsync_exchange_ews.written import another_version, is_merged, refuses_version, written_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence

    from calsync.ports import Page, Ring, Whereabouts
    from calsync.sync.model import Changes, Draft, Event, Need, Observation, Window
    from calsync_exchange_ews.doorbell import Doorbell
    from calsync_exchange_ews.home import Home
    from calsync_exchange_ews.mapping import Stored
    from calsync_exchange_ews.requests import Operation
    from calsync_exchange_ews.responses import Reply

FIELDS: Mapping[Need, str] = {"location": LOCATION}
"""What can be read besides, and how it is called."""
ATTEMPTS = 2
"""How often an update is sent: a server that touches an item by itself moves its version, and nobody's edit."""


class ExchangeCalendar(Calendar):
    """Reads and writes one calendar. Nobody is mailed about a write: every request says so (`requests.SILENT`)."""

    def __init__(
        self, home: Home, *, silent: bool, doorbell: Doorbell | None = None, needs: Collection[Need] = ()
    ) -> None:
        """`silent`: meetings that the mailbox organises are written too; their attendees' copies then differ.

        `needs`: what rules look at; of types, Outlook has none.
        """
        self.key = home.info.id
        self.home = home
        self.doorbell = doorbell
        self._silent = silent
        self._client = home.client
        wanted = FIELDS.keys() & needs
        self.capabilities = Capabilities(
            writes_may_mail=not silent, conditional_writes=False, also_read=also_read(wanted)
        )
        self._learn()
        self._reader = EventReader(home, [FIELDS[each] for each in sorted(wanted)])
        self._feed = Feed(home, self._reader)
        self._zones_refused: set[str] = set()
        """The operations in which the server refuses to have a zone named."""

    def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        return self._feed.changes(token, window)

    async def read(self, ids: Sequence[str]) -> Mapping[str, Observation]:
        return await self._reader.many(ids)

    async def locate(self, event_id: str, uid: str | None = None) -> Whereabouts:
        return await self._reader.locate(event_id, uid)

    async def find_marker(self, marker: str) -> Sequence[Observation]:
        return await self._reader.find(marker)

    async def create(self, draft: Draft, marker: str) -> Written:
        """Create with the marker in the same save. A server knows no repetition; the engine searches first."""

        def request(*, zones: bool) -> Operation:
            return create_item(self.home.folder, new_item(draft, marker, self.home.written_zone, zones=zones))

        reply = await self._write(request)
        if not reply.ok:
            denied = reply.code == "AccessDenied"  # what is denied is the calendar: there is no item yet
            error = self._client.error(reply, changes=True, whole=denied)
            if isinstance(error, Refused) and error.fate is Fate.CONFLICT:
                raise UnknownOutcome(str(error)) from error
            raise error
        written = written_of(reply)
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
            reply = await self._write_on_condition(fresh, changes)
            self._learn()
            if reply.ok and not is_merged(reply):
                return await self._cleared(fresh, changes, written_of(reply))
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
            if isinstance(await self.locate(target.id, target.event.uid), Gone | Trashed):
                return
            raise
        _refuse(fresh.observation.event, silent=self._silent)
        item = ItemId(target.id, fresh.change_key or None)
        (reply,) = await self._client.call(delete_item(item), self.home.caller)
        if fate_of(reply) is Fate.CONFLICT:
            raise Stale((await self._reader.one(target.id)).observation)
        if not reply.ok and fate_of(reply) is not Fate.GONE:
            raise self._client.error(reply, changes=True)

    async def unmark(self, event_id: str) -> None:
        """Delete the marker's property; servers of another make keep what was deleted, and get it emptied."""
        clears = True
        for _ in range(ATTEMPTS + 1):
            fresh = await self._reader.one(event_id)
            if not fresh.observation.marker:
                return
            _refuse(fresh.observation.event, silent=self._silent)
            item = ItemId(event_id, fresh.change_key or None)
            reply = await self._sent(update_item(item, [no_marker(clears=clears)]))
            if fate_of(reply) is Fate.CONFLICT:  # it may be told of a write that was carried out
                continue
            if not reply.ok and not (clears and fate_of(reply) is Fate.PROPERTY):
                raise self._client.error(reply, changes=True)
            clears = False
        if (await self._reader.one(event_id)).observation.marker:
            raise EventError(f"connection {self._client.connection}: the server keeps an event's marker")

    async def listen(self, ring: Ring) -> None:
        if self.doorbell is not None:
            await self.doorbell.listen(self.home, ring)

    async def _fresh(self, target: Observation) -> Stored:
        """Read an event just before a write. Raises Missing; Stale if it is not what the plan was made from.

        Exchange moves versions without anybody's edit too: then what counts is what the event says.
        """
        fresh = await self._reader.one(target.id)
        same = fresh.observation.revision is not None and fresh.observation.revision == target.revision
        if not same and fresh.observation.event != target.event:
            raise Stale(fresh.observation)
        return fresh

    async def _write_on_condition(self, fresh: Stored, changes: Changes) -> Reply:
        """Write on condition of the version that was read.

        Whether the server heeds that, it does not say. So the first update is sent for a version that the item
        never had: refused, it is sent again as it should be; carried out, it is done, and nothing can be proven.
        """
        other = another_version(fresh.change_key) if self._client.heeds_versions is None else None
        if other is not None:
            reply = await self._write(self._update_of(fresh, changes, other))
            heeds = refuses_version(reply)
            if reply.ok or heeds:
                self._client.heeds_versions = heeds
            if fate_of(reply) is not Fate.CONFLICT:
                return reply
        return await self._write(self._update_of(fresh, changes, fresh.change_key or None))

    def _learn(self) -> None:
        """Take over what an update has shown, of this calendar or another: only what is proven is conditional."""
        proven = self._client.heeds_versions is True
        self.capabilities = replace(self.capabilities, conditional_writes=proven)

    async def _cleared(self, before: Stored, changes: Changes, written: ItemId | None) -> Written:
        """Return what an update was answered with; where it emptied a text, look whether that has been done.

        Servers of another make answer a deleted text like a success and keep it. What they have kept in our own
        version would come back as an edit.
        """
        done = Written(id=before.observation.id, revision=written.change_key if written else None)
        emptied = {name: value for name, value in changes.items() if value == ""}
        if not emptied or not self._client.clears_texts:
            return done
        try:
            fresh = await self._reader.one(done.id)
        except CalsyncError:  # the write is done; who reads it next will see
            return done
        if done.revision is None or fresh.observation.revision != done.revision:
            return done
        kept = {name: value for name, value in emptied.items() if fresh.observation.event.value(name)}
        if not kept:
            return replace(done, stored=fresh.observation)
        self._client.clears_texts = False
        reply = await self._write(self._update_of(fresh, kept, fresh.change_key or None))
        if not reply.ok:
            raise self._client.error(reply, changes=True)
        again = written_of(reply)
        return replace(done, revision=again.change_key if again else None)

    def _update_of(self, fresh: Stored, changes: Changes, version: str | None) -> Callable[..., Operation]:
        item, clears = ItemId(fresh.observation.id, version), self._client.clears_texts

        def request(*, zones: bool) -> Operation:
            start = fresh.start_zone or self.home.written_zone
            return update_item(item, edits(changes, start, fresh.end_zone or start, zones=zones, clears=clears))

        return request

    async def _write(self, request: Callable[..., Operation]) -> Reply:
        """Write one item; once more without its zones where the server refuses to have them set (davmail 192).

        Where that was it, later ones are written without zones at once.
        """
        operation = request(zones=True)
        if operation.name in self._zones_refused:
            return await self._sent(request(zones=False))
        reply = await self._sent(operation)
        if fate_of(reply) is Fate.PROPERTY and "Zone" in reply.values.get("FieldURI", "Zone"):
            if reply.code == UNKNOWN_ZONE and self.home.caller.zone in operation.zones:
                self._client.unknown_zones.add(self.home.caller.zone)
            reply = await self._sent(request(zones=False))
            if reply.ok:
                self._zones_refused.add(operation.name)
        return reply

    async def _sent(self, operation: Operation) -> Reply:
        try:
            (reply,) = await self._client.call(operation, self.home.caller)
        except Refused as refused:
            return refused.reply
        return reply


def _refuse(event: Event, *, silent: bool) -> None:
    """Raise Blocked for an event that is not to be written. Unknown attendees count as some."""
    if not event.organised_here:
        raise Blocked("not_organised_here")
    if event.attendee_count != 0 and not silent:
        raise Blocked("has_attendees")
    if event.series:
        raise Blocked("series")
