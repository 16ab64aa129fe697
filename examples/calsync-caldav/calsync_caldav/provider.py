"""The provider: one user of one CalDAV server, who opens his or her calendars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.errors import AccountError, LoginError
from calsync.ports import Finding, Provider
from calsync_caldav.calendar import HAS, CaldavCalendar
from calsync_caldav.client import Client
from calsync_caldav.dav import path_of
from calsync_caldav.home import Home
from calsync_caldav.reading import EventReader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.ports import Calendar, CalendarRequest, Host, NamedCalendar


class CaldavProvider(Provider):
    """A connection to a CalDAV server."""

    def __init__(self, options: Mapping[str, Any], host: Host) -> None:
        self._options = options
        self._connection = host.connection
        self._client = Client(options, host)
        self._home = Home(self._client)

    async def login(self) -> None:
        """Ask who signs in: a server that tells is one, and takes the password."""
        try:
            await self._home.find()
        except AccountError as error:  # of a connection, not of one account
            raise LoginError(f"connection {self._connection}: {error}") from error

    async def open(self, request: CalendarRequest) -> Calendar:
        named = _picked(await self._home.calendars(), request)
        reader = EventReader(
            self._client,
            named.id,
            request.timezone,
            self._home.addresses,
            page_size=self._options["page_size"],
            location=bool(HAS & request.needs),
        )
        return CaldavCalendar(self._client, self._home, reader, request.timezone, request.needs)

    async def calendars(self, settings: Mapping[str, Any]) -> Sequence[NamedCalendar]:
        del settings  # they are always the user's own
        return await self._home.calendars()

    async def check(self) -> Sequence[Finding]:
        host = self._client.host
        return (Finding("ok", f"signed in to {host}", f"Angemeldet bei {host}").of(self._connection),)

    async def check_calendar(self, calendar: Calendar) -> Sequence[Finding]:
        opened = [one for one in await self._home.calendars() if f"{self._client.host}{one.id}" == calendar.key]
        if opened and not opened[0].writable:
            return (Finding("error", "the calendar can only be read", "Der Kalender kann nur gelesen werden"),)
        return ()

    async def close(self) -> None:
        await self._client.close()


def open_provider(options: Mapping[str, Any], host: Host) -> CaldavProvider:
    """Build the provider from validated settings. Raises ConfigError."""
    return CaldavProvider(options, host)


def _picked(calendars: Sequence[NamedCalendar], request: CalendarRequest) -> NamedCalendar:
    """Return the calendar that an account wants: by path, by name, or the first. Raises AccountError."""
    wanted = request.settings.get("calendar")
    if wanted is None:
        found = list(calendars[:1])
    else:
        path = path_of(wanted).rstrip("/")
        found = [one for one in calendars if one.id.rstrip("/") == path] or [
            one for one in calendars if one.name.casefold() == wanted.casefold()
        ]
    if len(found) != 1:
        problem = "more than one calendar" if found else "no calendar"
        known = ", ".join(one.name for one in calendars) or "none"
        raise AccountError(
            f"account {request.account}: the user has {problem} of the path or name that is configured;"
            f" calendars are: {known}"
        )
    return found[0]
