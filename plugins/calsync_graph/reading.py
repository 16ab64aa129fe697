"""Reading events by id and by marker, and finding out where one has gone."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from calsync.errors import AccountError, EventError, Missing
from calsync.ports import Elsewhere, Gone, Here, NoAccess, Trashed
from calsync_graph.client import quoted
from calsync_graph.home import calendar_named
from calsync_graph.mapping import MARKER_PROPERTY, Unreadable, observation, stored
from calsync_graph.refusals import Denied, Failed, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.ports import Whereabouts
    from calsync.sync.model import Observation
    from calsync_graph.client import Client
    from calsync_graph.home import Home
    from calsync_graph.mapping import Stored

EXPAND = "$expand=" + quoted(f"singleValueExtendedProperties($filter=id eq '{MARKER_PROPERTY}')")
"""Without the filter the server shows no extended property at all."""
log = logging.getLogger("calsync.graph")


class EventReader:
    """Reads the events of one calendar, with their markers."""

    __slots__ = ("_client", "_home", "_location")

    def __init__(self, client: Client, home: Home, *, location: bool = False) -> None:
        """`location`: where events take place is wanted."""
        self._client = client
        self._home = home
        self._location = location

    def path(self, event_id: str) -> str:
        return f"{self._home.path}/events/{quoted(event_id)}"

    async def one(self, event_id: str) -> Stored:
        """Return a present event. Raises Missing for one that is not in this calendar, EventError."""
        try:
            row = await self._client.get(self._read_path(event_id))
        except Refused as refused:
            if refused.not_found:
                raise Missing("the event is not in the calendar") from refused
            raise
        except (Denied, Failed) as trouble:
            raise await self._home.only_one_event(trouble) from trouble
        if not await self._home.holds(row):
            raise Missing("the event stands in another calendar")
        return stored(row, location=self._location)

    async def many(self, ids: Sequence[str]) -> dict[str, Observation]:
        """Return the present events among `ids`, up to twenty in one request. Raises AccountError, LoginError.

        One that cannot be read counts as not found, unless its calendar cannot be read either: who remembers it
        is in doubt, and `locate` then says NoAccess. One that fails is tried once more alone.
        """
        if len(ids) == 1:
            return await self._single(ids[0])
        found: dict[str, Observation] = {}
        replies = await self._client.get_many([self._read_path(event_id) for event_id in ids])
        for event_id, reply in zip(ids, replies, strict=True):
            if not reply.ok:
                error = self._client.refusal(reply)
                if isinstance(error, Failed):
                    found |= await self._single(event_id)
                elif isinstance(error, Denied):
                    await self._home.only_one_event(error)
                elif not isinstance(error, Refused):
                    raise error
            elif await self._home.holds(reply.content):
                seen = self.observed(reply.content)
                if seen is not None:
                    found[event_id] = seen
        return found

    async def find(self, marker: str) -> Sequence[Observation]:
        """Return the events of this calendar that carry this very marker; the server's search ignores case."""
        value = marker.replace("'", "''")
        wanted = f"singleValueExtendedProperties/Any(ep: ep/id eq '{MARKER_PROPERTY}' and ep/value eq '{value}')"
        path = f"{self._home.path}/events?$filter={quoted(wanted)}&{EXPAND}"
        found = [self.observed(row) async for page in self._client.pages(path) for row in page]
        return [seen for seen in found if seen is not None and seen.marker == marker]

    def observed(self, row: Mapping[str, Any]) -> Observation | None:
        """Return an event of a list, or None for one that cannot be read: it must not stop the others."""
        try:
            return observation(row, location=self._location)
        except Unreadable:
            log.warning("%s: the times of an event cannot be read; it is left out", self._client.connection)
            return None

    async def locate(self, event_id: str) -> Whereabouts:
        """Find out where an event is. Only answers about this one id count, no list and no silence.

        Raises AccountError where the calendar itself is not at its address any more.
        """
        try:
            return Here((await self.one(event_id)).observation)
        except Missing:
            pass
        except (AccountError, EventError):
            return NoAccess()
        try:
            row = await self._client.get(f"{self._home.mailbox}/events/{quoted(event_id)}")
        except Refused as refused:
            if not refused.not_found:
                return NoAccess()
        except AccountError:
            return NoAccess()
        except Failed as failed:
            await self._home.only_one_event(failed)
            return NoAccess()
        else:
            return await self._outside(event_id, row)
        await self._home.confirm()  # somebody else's mailbox does not have the event either
        return Gone()

    async def _outside(self, event_id: str, row: Mapping[str, Any]) -> Whereabouts:
        """Return where an event is that the mailbox has, but not this calendar.

        Immutable ids survive the move into Deleted Items, which is no calendar: an event that names no calendar,
        and that every calendar of the mailbox says it does not have, is in the trash.
        """
        others, named = await self._home.others(), calendar_named(row)
        if named is not None:
            return Elsewhere() if named in others else NoAccess()
        paths = [f"{self._home.path_of(other)}/events/{quoted(event_id)}" for other in sorted(others)]
        replies = await self._client.get_many(paths)
        if any(reply.ok for reply in replies):
            return Elsewhere()
        errors = [self._client.refusal(reply) for reply in replies]
        proven = all(isinstance(error, Refused) and error.not_found for error in errors)
        return Trashed() if proven else NoAccess()

    async def _single(self, event_id: str) -> dict[str, Observation]:
        try:
            return {event_id: (await self.one(event_id)).observation}
        except Missing:
            return {}
        except EventError as error:
            log.warning("%s; it is left out", error)
            return {}

    def _read_path(self, event_id: str) -> str:
        return f"{self.path(event_id)}?{EXPAND}"
