"""Reading events by id and by marker, and finding out where one has gone."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from calsync.errors import AccountError, EventError, Missing, Retry
from calsync.ports import Elsewhere, Gone, Here, NoAccess, Trashed
from calsync.values import replace
from calsync_exchange_ews.batches import read_items
from calsync_exchange_ews.failures import Fate, fate_of
from calsync_exchange_ews.home import Place
from calsync_exchange_ews.mapping import Stored, Unreadable, item_id, stored
from calsync_exchange_ews.other_makes import is_deleted, who_invite
from calsync_exchange_ews.requests import find_marker, get_item, get_item_as_stored
from calsync_exchange_ews.responses import item_of
from calsync_exchange_ews.search import search
from calsync_exchange_ews.trail import Trail

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from calsync.ports import Whereabouts
    from calsync.sync.model import Observation
    from calsync_exchange_ews.home import Home
    from calsync_exchange_ews.responses import Reply

UNCONVERTED = "ContentConversionFailed"
PATIENCE = 3
"""How often an event may break the server before the others go on without it."""
BREAKING = frozenset({Fate.BROKEN, Fate.REST, Fate.UNKNOWN})
"""What the server may say of an event that brings it down."""
log = logging.getLogger("calsync.exchange")


class EventReader:
    """Reads the events of one calendar, with their markers."""

    def __init__(self, home: Home, also: Sequence[str] = ()) -> None:
        """`also` names fields that are read besides."""
        self.also = also
        self._home = home
        self._client = home.client
        self._trail = Trail(home)
        self._unconverted: frozenset[str] = frozenset()
        """The events whose notes the server could make no text of when they were read last."""

    async def one(self, event_id: str) -> Stored:
        """Return a present event. Raises Missing for one that is not in this calendar, EventError."""
        ((reply, invited),) = await self._ask([event_id])
        if fate_of(reply) is Fate.GONE:
            raise Missing("the event is not in the calendar")
        found = self._checked(event_id, reply, invited)
        if not found.ours or await self._home.place(found.folder_id) is not Place.HERE:
            raise Missing("the event stands in another calendar")
        return found

    async def many(self, ids: Sequence[str]) -> dict[str, Observation]:
        """Return the present events among `ids`. Raises AccountError, LoginError, Retry.

        One that cannot be read is left out, so that it does not stop the others.
        """
        found: dict[str, Observation] = {}
        trouble: Retry | None = None
        for event_id, (reply, invited) in zip(ids, await self._ask(ids), strict=True):
            try:
                read = self._readable(event_id, reply, invited)
            except Retry as error:  # raised when all have been looked at: each that breaks the server counts
                trouble = trouble or error
                continue
            if read is not None and read.ours and await self._home.place(read.folder_id) is Place.HERE:
                found[event_id] = read.observation
        if trouble is not None:
            raise trouble
        return found

    async def find(self, marker: str) -> Sequence[Observation]:
        """Return the events of this calendar that carry this very marker."""
        page = partial(find_marker, self._home.folder, marker)
        ids = [item_id(each) for each in await search(self._client, self._home.caller, page)]
        return [seen for seen in await self._certainly(ids) if seen.marker == marker]

    async def locate(self, event_id: str, uid: str | None) -> Whereabouts:
        """Find out where an event is. Only answers about this very one count, no list and no silence.

        An item gets another id when it is moved, into Deleted Items too. So one that is gone by its id is searched
        for by its UID, while the calendar itself can be read.
        """
        try:
            ((reply, invited),) = await self._ask([event_id])
            if fate_of(reply) is Fate.GONE:
                return await self._followed(uid)
            found = self._checked(event_id, reply, invited)
            place = await self._home.place(found.folder_id)
            if place is Place.HERE and await is_deleted(self._home, found.observation):
                return Trashed()
        except (AccountError, EventError):
            return NoAccess()
        if place is Place.HERE:
            return Here(found.observation) if found.ours else Elsewhere()
        if place is Place.UNKNOWN:
            return NoAccess()
        return Trashed() if place is Place.TRASH else Elsewhere()

    async def _followed(self, uid: str | None) -> Whereabouts:
        """Tell where an event is that its id does not lead to.

        One that was made private may only be hidden; it is not where it is found under another id.
        """
        if not await self._home.is_readable():
            return NoAccess()
        place = await self._trail.follow(uid)
        hidden = isinstance(place, Gone) and not self._home.sees_private and not await self._trail.came_back(uid)
        return NoAccess() if hidden else place

    def masters(self, replies: Iterable[Reply]) -> Iterator[Observation | None]:
        """Yield the events of answers that are in the order of the questions, whatever ids they have."""
        for reply in replies:
            try:
                yield self._read(reply).observation if reply.ok else None
            except Unreadable:
                yield None

    async def _ask(self, ids: Sequence[str]) -> Sequence[tuple[Reply, bool | None]]:
        """Read items; with each, whether it invites anybody, where it does not say so by itself."""
        question = partial(get_item, also=self.also)
        replies = [*await read_items(self._client, ids, self._home.caller, question)]
        failed = [place for place, reply in enumerate(replies) if reply.code == UNCONVERTED]
        stored_as = await read_items(
            self._client,
            [ids[each] for each in failed],
            self._home.caller,
            partial(get_item_as_stored, also=self.also),
        )
        for place, reply in zip(failed, stored_as, strict=True):
            replies[place] = reply
        self._unconverted = self._unconverted.difference(ids).union(ids[each] for each in failed)
        invited = await who_invite(self._home, dict(zip(ids, replies, strict=True)))
        return [(reply, invited.get(one)) for one, reply in zip(ids, replies, strict=True)]

    async def _certainly(self, ids: Sequence[str]) -> Sequence[Observation]:
        """Return the events of a search. Raises Retry for one that cannot be read: a marker must not be missed."""
        found = []
        for event_id, (reply, invited) in zip(ids, await self._ask(ids), strict=True):
            if fate_of(reply) is Fate.GONE:
                continue
            try:
                found.append(self._checked(event_id, reply, invited).observation)
            except EventError as error:
                raise Retry(f"{error}: nobody knows whether it carries a marker") from error
        return found

    def _readable(self, event_id: str, reply: Reply, invited: bool | None) -> Stored | None:
        """Return an event of many; None for one that is gone or cannot be read. Raises Retry, AccountError."""
        try:
            found = self._checked(event_id, reply, invited)
        except EventError as error:
            if fate_of(reply) is not Fate.GONE:
                log.warning("%s: an event cannot be read and is left out (%s)", self._client.connection, error)
            return None
        return found

    def _checked(self, event_id: str, reply: Reply, invited: bool | None) -> Stored:
        """Read the item of an answer. Raises what a refusal means; Unreadable; Retry where it is another item.

        One that breaks the server is Unreadable at the third time: others wait for it no longer.
        """
        if not reply.ok:
            error = self._client.error(reply, whole=reply.node is None)  # a fault has no node
            if isinstance(error, Retry) and fate_of(reply) in BREAKING:
                self._client.broken[event_id] += 1
                if self._client.broken[event_id] >= PATIENCE:
                    raise Unreadable("an event breaks the server") from error
            raise error
        self._client.broken.pop(event_id, None)
        found = self._read(reply, invited)
        if event_id in self._unconverted:
            event = replace(found.observation.event, online_meeting=True)  # a text would replace what nobody read
            found = replace(found, observation=replace(found.observation, event=event))
        if found.observation.id != event_id:
            raise Retry(f"connection {self._client.connection}: Exchange answered with another event")
        return found

    def _read(self, reply: Reply, invited: bool | None = None) -> Stored:
        item = item_of(reply)
        if item is None:
            raise Unreadable("an answer holds no event, or a calendar holds something else than an appointment")
        return stored(item, self._home.zone, invited=invited)
