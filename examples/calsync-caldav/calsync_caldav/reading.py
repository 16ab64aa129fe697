"""Reading events by their paths."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from calsync.errors import EventError
from calsync.sync.model import Observation
from calsync_caldav.dav import CALDAV, DAV, multiget, path_of, with_uid
from calsync_caldav.mapping import Unreadable, read

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from calsync_caldav.client import Client
    from calsync_caldav.dav import Resource
    from calsync_caldav.mapping import Reading

ETAG, DATA = f"{{{DAV}}}getetag", f"{{{CALDAV}}}calendar-data"
log = logging.getLogger("calsync.caldav")


class EventReader:
    """Reads events of one collection. An event's id is the last part of its path."""

    def __init__(
        self, client: Client, path: str, zone: ZoneInfo, own: Collection[str], *, page_size: int, location: bool
    ) -> None:
        """`path`: the collection's. `own`: the user's addresses. `page_size`: how many are asked for at once."""
        self.path = path
        self._client = client
        self._zone = zone
        self._own = own
        self._page_size = page_size
        self._location = location

    def event_path(self, event_id: str) -> str:
        return self.path + quote(event_id, safe="")

    def event_id(self, path: str) -> str | None:
        """Return the id of an event of this collection; None for the collection itself and for others."""
        own = path.removeprefix(self.path)
        return unquote(own) if path.startswith(self.path) and own and "/" not in own else None

    async def one(self, event_id: str) -> tuple[Observation, Reading]:
        """Read one event. Raises NotThere, EventError for one that cannot be understood."""
        text, etag = await self._client.get(self.event_path(event_id))
        try:
            reading = self._read(text)
        except Unreadable as error:
            raise EventError(f"a calendar's event cannot be read: {error}") from error
        return _observation(event_id, etag, reading), reading

    def batches(self, ids: Sequence[str]) -> Iterator[Sequence[str]]:
        return (ids[at : at + self._page_size] for at in range(0, len(ids), self._page_size))

    async def many(self, ids: Sequence[str]) -> Mapping[str, Observation]:
        """Read events; those that are not there, or cannot be understood, are absent."""
        found: dict[str, Observation] = {}
        for batch in self.batches(ids):
            asked = multiget(map(self.event_path, batch))
            answer = await self._client.multistatus("REPORT", self.path, asked, depth=1)
            for resource in answer.resources:
                seen = self._seen(resource)
                if seen is not None and seen.id in batch:
                    found[seen.id] = seen
        return found

    async def with_uid(self, path: str, uid: str) -> Sequence[str]:
        """Return the paths of the events with a UID in a collection, as far as the server tells."""
        answer = await self._client.multistatus("REPORT", path, with_uid(uid), depth=1)
        return [one.path for one in answer.resources if one.status == 200 and one.path != path_of(path)]  # noqa: PLR2004 - HTTP's

    def _seen(self, resource: Resource) -> Observation | None:
        event_id, text = self.event_id(resource.path), resource.text(DATA)
        if event_id is None or not text:
            return None
        try:
            return _observation(event_id, resource.text(ETAG), self._read(text.encode()))
        except Unreadable:
            log.info("an event is left out: its iCalendar text cannot be read")
            return None

    def _read(self, text: bytes) -> Reading:
        return read(text, self._zone, self._own, location=self._location)


def _observation(event_id: str, etag: str, reading: Reading) -> Observation:
    return Observation(
        id=event_id,
        event=reading.event,
        revision=etag or None,
        modified=reading.modified,
        marker=reading.marker,
    )
