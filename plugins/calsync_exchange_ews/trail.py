"""Following an event that is not found by its id any more: a move gives it another one, and keeps its UID."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from calsync.errors import AccountError, EventError
from calsync.ports import Elsewhere, Gone, NoAccess, Trashed
from calsync_exchange_ews.folders import calendars_of
from calsync_exchange_ews.home import SURE_FOR
from calsync_exchange_ews.requests import Folder, find_uid, list_uids
from calsync_exchange_ews.search import search
from calsync_exchange_ews.xml import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from calsync.ports import Whereabouts
    from calsync_exchange_ews.home import Home
    from calsync_exchange_ews.responses import Reply


class Trail:
    """Searches the other calendars of a mailbox, and Deleted Items. Where that is refused, nothing is known."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._client = home.client
        self._others: Sequence[Folder] = ()
        self._listed_at: datetime | None = None
        self._listing = asyncio.Lock()

    async def follow(self, uid: str | None) -> Whereabouts:
        """Tell where an event is that is not in its calendar by its id. One without a UID cannot be followed.

        One that is in the same calendar, under another id, is gone by this one: the feed tells of it anew.
        Raises Retry, LoginError.
        """
        if not uid:
            return Gone()
        try:
            others = await self._calendars()
            trash = [] if self._home.trash is None else [self._home.trash]
            found = await self._search([*others, *trash], uid)
        except (AccountError, EventError):
            return NoAccess()
        if any(found[: len(others)]):
            return Elsewhere()
        return Trashed() if any(found[len(others) :]) else Gone()

    async def came_back(self, uid: str | None) -> bool:
        """Tell whether the event stands in its own calendar, under another id. Raises Retry, LoginError."""
        if not uid:
            return False
        try:
            [here] = await self._search([self._home.folder], uid)
        except (AccountError, EventError):
            return False
        return here

    async def _calendars(self) -> Sequence[Folder]:
        """Return the other calendars. Many events that are lost at once cost one list of them."""
        async with self._listing:
            now = self._client.clock.now()
            if self._listed_at is None or now - self._listed_at >= SURE_FOR:
                found = await calendars_of(self._client, self._home.caller)
                self._others = [Folder(id=each.id) for each in found if each.id != self._home.info.id]
                self._listed_at = now
            return self._others

    async def _search(self, folders: Sequence[Folder], uid: str) -> Sequence[bool]:
        """Tell of each folder whether it holds the event. Raises AccountError, EventError where one cannot say."""
        if not folders:
            return ()
        try:
            replies = await self._client.call(find_uid(folders, uid), self._home.caller, len(folders))
        except EventError:
            return [await self._lists(folder, uid) for folder in folders]
        return [await self._holds(*each, uid) for each in zip(folders, replies, strict=True)]

    async def _holds(self, folder: Folder, reply: Reply, uid: str) -> bool:
        if reply.ok:
            items, last = self._client.found(reply)
            return bool(items) or (not last and await self._lists(folder, uid))
        error = self._client.error(reply)
        if not isinstance(error, EventError):
            raise error
        return await self._lists(folder, uid)

    async def _lists(self, folder: Folder, uid: str) -> bool:
        """Tell the same by the UIDs of all that the folder holds: some servers search for no binary property."""
        shown = await search(self._client, self._home.caller, partial(list_uids, folder))
        return uid in {text_of(each, "t:UID") for each in shown}
