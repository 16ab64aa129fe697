"""A user's home on the server: who the user is, and which calendars there are (RFC 5397, RFC 4791 6.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.errors import AccountError
from calsync.ports import NamedCalendar
from calsync_caldav.client import NotThere, collection
from calsync_caldav.dav import CALDAV, DAV, path_of, propfind
from calsync_caldav.mapping import address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync_caldav.client import Client
    from calsync_caldav.dav import Resource

PRINCIPAL = f"{{{DAV}}}current-user-principal"
HOME = f"{{{CALDAV}}}calendar-home-set"
ADDRESSES = f"{{{CALDAV}}}calendar-user-address-set"
TYPE, NAME = f"{{{DAV}}}resourcetype", f"{{{DAV}}}displayname"
COMPONENTS = f"{{{CALDAV}}}supported-calendar-component-set"
RIGHTS = f"{{{DAV}}}current-user-privilege-set"
CALENDAR = f"{{{CALDAV}}}calendar"
WRITES = {f"{{{DAV}}}{name}" for name in ("all", "write", "write-content", "bind")}


class Home:
    """Answers what is there. What never changes while one works is asked once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._principal: str | None = None
        self._path: str | None = None
        self.addresses: frozenset[str] = frozenset()
        """The user's own, once `find` has been called."""

    async def find(self) -> str:
        """Sign in; return the path above the user's calendars. Raises LoginError, AccountError, Retry."""
        if self._path is not None:
            return self._path
        principal = await self.principal()
        about = await self._properties(principal, HOME, ADDRESSES)
        homes = [] if about is None else about.hrefs(HOME)
        if about is None or not homes:
            raise AccountError("the calendar server tells no home of the user's calendars: check `url`")
        self.addresses = frozenset(map(address, about.hrefs(ADDRESSES)))
        self._path = collection(path_of(homes[0]))
        return self._path

    async def principal(self) -> str:
        """Return who signs in, as the server calls it. Raises as `find` does."""
        if self._principal is None:
            try:
                about = await self._properties(self._client.root, PRINCIPAL)
            except NotThere as error:
                raise AccountError(f"there is no calendar server at this address: {error}; check `url`") from error
            found = [] if about is None else about.hrefs(PRINCIPAL)
            if not found:
                raise AccountError("the server at this address is no calendar server: check `url`")
            self._principal = path_of(found[0])
        return self._principal

    async def calendars(self) -> Sequence[NamedCalendar]:
        """Return the user's calendars that hold events, in the order of their paths. Raises as `find` does."""
        asked = propfind(TYPE, NAME, COMPONENTS, RIGHTS)
        answer = await self._client.multistatus("PROPFIND", await self.find(), asked, depth=1)
        found = sorted((one for one in answer.resources if _holds_events(one)), key=lambda one: one.path)
        return [_named(one, main=number == 0) for number, one in enumerate(found)]

    async def has(self, path: str) -> bool:
        """Tell whether a calendar can still be read. Raises LoginError, Denied, Retry."""
        try:
            about = await self._properties(path, TYPE)
        except NotThere:
            return False
        return about is not None and CALENDAR in about.names(TYPE)

    async def others(self, path: str) -> Sequence[str]:
        """Return the paths of the user's other calendars."""
        return [one.id for one in await self.calendars() if one.id != path]

    async def _properties(self, path: str, *names: str) -> Resource | None:
        answer = await self._client.multistatus("PROPFIND", path, propfind(*names), depth=0)
        return answer.resources[0] if answer.resources else None


def _holds_events(resource: Resource) -> bool:
    kinds = [one.get("name") for one in resource.values.get(COMPONENTS, ())]
    return CALENDAR in resource.names(TYPE) and (not kinds or "VEVENT" in kinds)


def _named(resource: Resource, *, main: bool) -> NamedCalendar:
    path = collection(resource.path)
    writable = RIGHTS not in resource.values or bool(resource.names(RIGHTS) & WRITES)
    return NamedCalendar(id=path, name=resource.text(NAME) or path.split("/")[-2], main=main, writable=writable)
