"""The calendar that is synced, in its mailbox: its paths, and whether an event stands in it."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from calsync.errors import AccountError
from calsync_graph.client import quoted
from calsync_graph.refusals import Denied, EventDenied, Failed, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from calsync_graph.client import Client

SURE_FOR = timedelta(minutes=1)
"""How long a calendar that could be read counts as readable: many such events cost one question."""
_NAVIGATION = "calendar@odata.navigationLink"
_NONE: frozenset[str] = frozenset()
"""One for all calendars, most of which know no other: each would take 216 bytes."""
_CALENDAR = re.compile(r"/calendars(?:\('([^']+)'\)|/([^/]+))$")


def mailbox_path(address: str) -> str:
    """Return the path of a mailbox."""
    return f"/users/{quote(address, safe='@')}"


class Home:
    """One calendar of one mailbox."""

    __slots__ = ("_asking", "_client", "_others", "_primary", "_readable_at", "_strange", "calendar_id", "mailbox")

    def __init__(self, client: Client, mailbox: str, calendar_id: str, *, primary: bool) -> None:
        """`mailbox`: its path."""
        self._client = client
        self.mailbox = mailbox
        self.calendar_id = calendar_id
        self._primary = primary
        self._others = _NONE
        self._strange = _NONE
        """Names of calendars that are on no list: another form of an id. They say nothing."""
        self._readable_at: datetime | None = None
        self._asking = asyncio.Lock()

    @property
    def path(self) -> str:
        return self.path_of(self.calendar_id)

    @property
    def feed_path(self) -> str:
        """The feed of the primary calendar is the mailbox's; the path of others is documented for beta only."""
        return f"{self.mailbox if self._primary else self.path}/calendarView/delta"

    @property
    def _itself(self) -> str:
        return f"{self.path}?$select=id"

    def path_of(self, calendar_id: str) -> str:
        return f"{self.mailbox}/calendars/{quoted(calendar_id)}"

    async def confirm(self) -> None:
        """Ask whether the address still leads to this calendar. Raises AccountError where it does not, Retry.

        A calendar stays open for as long as the process runs, and an administrator may give its address to
        somebody else meanwhile. The feed knows a mailbox by nothing else, and theirs has none of the events.
        """
        name = self._client.connection
        try:
            row = await self._client.get(f"{self.mailbox}/calendar?$select=id" if self._primary else self._itself)
        except Refused as refused:
            raise AccountError(f"{refused}: the calendar is no longer there") from refused
        if row.get("id") != self.calendar_id:
            raise AccountError(
                f"connection {name}: the mailbox's address leads to another calendar than before: it belongs to "
                "somebody else now; give the account its present address and start calsync again"
            )

    async def others(self) -> frozenset[str]:
        """Ask for the mailbox's other calendars; return their ids."""
        found = {
            str(row.get("id"))
            async for page in self._client.pages(f"{self.mailbox}/calendars?$select=id")
            for row in page
        }
        self._others = frozenset(found - {self.calendar_id})
        return self._others

    async def holds(self, row: Mapping[str, Any]) -> bool:
        """Tell whether an event that was read by id stands here: not where it names another of the calendars.

        The server is asked for events below the calendar's own path, but whether it looks at that is not
        documented.
        """
        named = calendar_named(row)
        if named in (None, self.calendar_id) or named in self._strange:
            return True
        if named not in self._others and named not in await self.others():
            self._strange |= {str(named)}
            return True
        return False

    async def only_one_event(self, trouble: Denied | Failed) -> EventDenied:
        """Return what a refusal about one event means, where the calendar itself can be read. Raises it where not.

        Graph answers 403 for a lost permission as well as about single events, as those cancelled already; and 500
        while the server is away as well as about an event that Exchange cannot render. A server that names a pause
        is away.
        """
        if isinstance(trouble, Failed) and trouble.after:
            raise trouble
        async with self._asking:
            now = self._client.clock.now()
            if self._readable_at is None or now - self._readable_at >= SURE_FOR:
                try:
                    await self._client.get(self._itself)
                except (AccountError, Refused):
                    raise trouble from None
                self._readable_at = now
        name = self._client.connection
        problem = "denies access to" if isinstance(trouble, Denied) else "fails to read"
        return EventDenied(f"connection {name}: Microsoft Graph {problem} one event, but not its calendar")


def calendar_named(row: Mapping[str, Any]) -> str | None:
    """Return the id of the calendar that an event says it stands in; None where it does not say."""
    found = _CALENDAR.search(str(row.get(_NAVIGATION) or ""))
    return unquote(found[1] or found[2]) if found else None
