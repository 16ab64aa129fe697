"""The calendar that is synced, in its mailbox: its paths, and whether an event stands in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from calsync_graph.client import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync_graph.client import Client

_NAVIGATION = "calendar@odata.navigationLink"
_CALENDAR = re.compile(r"/calendars(?:\('([^']+)'\)|/([^/]+))$")


def mailbox_path(address: str) -> str:
    """Return the path of a mailbox."""
    return f"/users/{quote(address, safe='@')}"


class Home:
    """One calendar of one mailbox."""

    def __init__(self, client: Client, mailbox: str, calendar_id: str, *, primary: bool) -> None:
        """`mailbox`: its path."""
        self._client = client
        self.mailbox = mailbox
        self.calendar_id = calendar_id
        self._primary = primary
        self._others: frozenset[str] = frozenset()
        self._strange: set[str] = set()
        """Names of calendars that are on no list: another form of an id. They say nothing."""

    @property
    def path(self) -> str:
        return self.path_of(self.calendar_id)

    @property
    def feed_path(self) -> str:
        """The feed of the primary calendar is the mailbox's; the path of others is documented for beta only."""
        return f"{self.mailbox if self._primary else self.path}/calendarView/delta"

    def path_of(self, calendar_id: str) -> str:
        return f"{self.mailbox}/calendars/{quoted(calendar_id)}"

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
            self._strange.add(str(named))
            return True
        return False


def calendar_named(row: Mapping[str, Any]) -> str | None:
    """Return the id of the calendar that an event says it stands in; None where it does not say."""
    found = _CALENDAR.search(str(row.get(_NAVIGATION) or ""))
    return unquote(found[1] or found[2]) if found else None
