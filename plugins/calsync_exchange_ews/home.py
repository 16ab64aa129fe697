"""The calendar that is synced, in its mailbox: its folder, the trash beside it, whether an item stands in it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from calsync.errors import AccountError, EventError, Retry
from calsync_exchange_ews.folders import folder_info
from calsync_exchange_ews.requests import Folder, get_folder

if TYPE_CHECKING:
    from datetime import datetime

    from calsync_exchange_ews.client import Client
    from calsync_exchange_ews.envelope import Caller
    from calsync_exchange_ews.folders import FolderInfo

UTC = ZoneInfo("UTC")
SURE_FOR = timedelta(minutes=1)
"""How long a calendar that could be read counts as readable: many lost events cost one question."""


class Place(Enum):
    """Where an item stands."""

    HERE = auto()
    TRASH = auto()
    ELSEWHERE = auto()
    UNKNOWN = auto()
    """In a folder that the server says nothing about."""


class Home:
    """One calendar of one mailbox."""

    def __init__(
        self, client: Client, caller: Caller, info: FolderInfo, trash_id: str | None, zone: ZoneInfo
    ) -> None:
        """`trash_id`: the folder Deleted Items, where the user may see it. `zone`: the account's."""
        self.client = client
        self.caller = caller
        self.info = info
        self.folder = Folder(id=info.id)
        self.sees_private = info.sees_private
        """Whether it was shown private items when it was last read."""
        self.zone = zone
        self._places = {info.id: Place.HERE, "": Place.HERE}
        if trash_id is not None:
            self._places[trash_id] = Place.TRASH
        self.trash = None if trash_id is None else Folder(id=trash_id)
        self._readable_at: datetime | None = None
        self._asking = asyncio.Lock()

    @property
    def written_zone(self) -> ZoneInfo:
        """The zone that events are written in: the account's, or UTC for a server that does not know that one."""
        return UTC if self.caller.zone in self.client.unknown_zones else self.zone

    async def place(self, folder_id: str) -> Place:
        """Tell where an item stands that names this folder as its parent; one that names none stands here.

        The server is asked what it calls a folder of another name: an id may have several forms. Raises Retry.
        """
        if folder_id not in self._places:
            (reply,) = await self.client.call(get_folder([Folder(id=folder_id)]), self.caller)
            error = None if reply.ok else self.client.error(reply)
            if isinstance(error, Retry):
                raise error
            named = folder_info(reply).id if reply.ok else ""
            if not named:
                return Place.UNKNOWN
            self._places[folder_id] = self._places.get(named, Place.ELSEWHERE)
        return self._places[folder_id]

    async def is_readable(self) -> bool:
        """Tell whether the calendar itself can be read. Where it cannot, a lost event proves nothing."""
        async with self._asking:
            now = self.client.clock.now()
            if self._readable_at is not None and now - self._readable_at < SURE_FOR:
                return True
            try:
                (reply,) = await self.client.call(get_folder([self.folder]), self.caller)
            except (AccountError, EventError):
                return False
            if not reply.ok or not (info := folder_info(reply)).readable:
                return False
            self._readable_at, self.sees_private = now, info.sees_private
            return True
