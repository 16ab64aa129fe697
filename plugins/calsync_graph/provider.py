"""The provider: one application in one tenant, which opens calendars of its mailboxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.errors import AccountError, UnknownAddress
from calsync.ports import Finding, NamedCalendar, Provider
from calsync.signin import DelegatedTokens
from calsync_graph.auth import tokens_of
from calsync_graph.calendar import GraphCalendar
from calsync_graph.checks import (
    SCOPE_UNKNOWN,
    SCOPE_UNTRIED,
    SCOPED,
    UNSCOPED,
    about_calendar,
    try_writes,
)
from calsync_graph.client import SUBSCRIPTIONS, Client
from calsync_graph.config import settings_of
from calsync_graph.doorbell import Doorbell
from calsync_graph.home import Home, mailbox_path
from calsync_graph.refusals import Denied, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from calsync.ports import BrowserSignIn, Calendar, CalendarRequest, DeviceCode, Host, SignedIn
    from calsync_graph.config import Settings


class GraphProvider(Provider):
    """A connection to Microsoft 365."""

    def __init__(self, settings: Settings, host: Host) -> None:
        self._settings = settings
        self._http = host.http.open(host.connection, settings.graph_url, concurrency=settings.max_concurrency)
        self._tokens = tokens_of(settings, host)
        self._random = host.random
        self._client = Client(self._http, self._tokens, host.random)
        self._doorbell: Doorbell | None = None
        if host.doorbells is not None:
            self._doorbell = Doorbell(host.doorbells, self._client.of(SUBSCRIPTIONS), host.random)

    async def login(self) -> None:
        await self._tokens.get()

    @property
    def system(self) -> str:
        return "Outlook"

    @property
    def by_person(self) -> bool:
        return isinstance(self._tokens, DelegatedTokens)

    async def sign_in(self, show: Callable[[DeviceCode], object]) -> str:
        if isinstance(self._tokens, DelegatedTokens):
            return await self._tokens.sign_in(show)
        return await super().sign_in(show)

    async def open(self, request: CalendarRequest) -> Calendar:
        """Open a mailbox's primary calendar or the one that the account names. The answer proves the access."""
        mailbox = mailbox_path(request.settings["mailbox"])
        client = self._client.of(mailbox)
        try:
            row, primary = await _find(client, mailbox, request.settings.get("calendar"))
        except (AccountError, Refused) as error:
            own = isinstance(error, Denied) and isinstance(self._tokens, DelegatedTokens)
            only = "; a person who signs in opens the own mailbox only" if own else ""
            kind = UnknownAddress if isinstance(error, UnknownAddress) else AccountError
            raise kind(f"account {request.account}: {error}{only}") from error
        calendar_id = str(row["id"])
        home = Home(client, mailbox, calendar_id, primary=primary)
        return GraphCalendar(
            client,
            home,
            key=calendar_id,
            zone=request.timezone,
            can_edit=row.get("canEdit") is not False,
            doorbell=self._doorbell,
            needs=request.needs,
        )

    async def calendars(self, settings: Mapping[str, Any]) -> Sequence[NamedCalendar]:
        """List a mailbox's own calendars; those of others are opened at their mailboxes."""
        mailbox = mailbox_path(settings["mailbox"])
        client = self._client.of(mailbox)
        try:
            primary, rows = await client.get(f"{mailbox}/calendar"), await _listed(client, mailbox)
        except Refused as error:
            raise AccountError(str(error)) from error
        others = [row for row in rows if row.get("id") != primary["id"] and _owner(row) == _owner(primary)]
        return [_named(row, main=row is primary) for row in (primary, *others)]

    async def is_own(self, settings: Mapping[str, Any]) -> bool:
        """Tell whether the mailbox opens to a person who signs in, to whom no other one does."""
        if not isinstance(self._tokens, DelegatedTokens):
            return False
        try:
            await self._client.get(f"{mailbox_path(settings['mailbox'])}/calendar")
        except (AccountError, Refused):
            return False
        return True

    async def begin_sign_in(self, redirect_uri: str) -> BrowserSignIn:
        if isinstance(self._tokens, DelegatedTokens):
            return await self._tokens.begin(redirect_uri)
        return await super().begin_sign_in(redirect_uri)

    async def finish_sign_in(self, flow: Mapping[str, Any], answer: Mapping[str, str]) -> SignedIn:
        if isinstance(self._tokens, DelegatedTokens):
            return await self._tokens.finish(flow, answer)
        return await super().finish_sign_in(flow, answer)

    async def check(self) -> Sequence[Finding]:
        name, tenant = self._settings.connection, self._settings.tenant_id
        signed_in = Finding("ok", f"signed in to the tenant {tenant}", f"Angemeldet beim Mandanten {tenant}").of(
            name
        )
        if isinstance(self._tokens, DelegatedTokens):
            return (signed_in,)  # a person opens the own mailbox, whatever the application may
        return (signed_in, (await self._scope()).of(name))

    async def check_calendar(self, calendar: Calendar) -> Sequence[Finding]:
        return about_calendar(calendar) if isinstance(calendar, GraphCalendar) else ()

    async def try_writes(self, calendar: Calendar) -> Sequence[Finding]:
        return await try_writes(calendar, self._random) if isinstance(calendar, GraphCalendar) else ()

    async def close(self) -> None:
        if self._doorbell is not None:
            await self._doorbell.close()
        self._tokens.close()
        await self._http.close()

    async def _scope(self) -> Finding:
        """Tell whether the application is kept out of a mailbox: nothing but a try proves that it is scoped."""
        outside = self._settings.mailbox_outside_scope
        if outside is None:
            return SCOPE_UNKNOWN
        try:
            await self._client.get(f"{mailbox_path(outside)}/calendar")
        except Denied:
            return SCOPED
        except (AccountError, Refused):
            return SCOPE_UNTRIED
        return UNSCOPED


def open_provider(options: Mapping[str, Any], host: Host) -> GraphProvider:
    """Build the provider from validated settings. Raises ConfigError."""
    return GraphProvider(settings_of(options, host.connection), host)


async def _find(client: Client, mailbox: str, wanted: str | None) -> tuple[Mapping[str, Any], bool]:
    """Return a calendar, and whether it is the primary one. Raises AccountError, Refused."""
    primary = await client.get(f"{mailbox}/calendar")
    if wanted is None:
        return primary, True
    rows = await _listed(client, mailbox)
    found = [row for row in rows if row.get("id") == wanted] or [
        row for row in rows if str(row.get("name", "")).casefold() == wanted.casefold()
    ]
    if len(found) != 1:
        problem = "no calendar" if not found else "more than one calendar"
        raise AccountError(f"the mailbox has {problem} of the name or id that is configured")
    if _owner(found[0]) != _owner(primary):
        raise AccountError("the calendar belongs to another mailbox: name that one, where it has its own id")
    return found[0], found[0]["id"] == primary["id"]


async def _listed(client: Client, mailbox: str) -> Sequence[Mapping[str, Any]]:
    return [row async for page in client.pages(f"{mailbox}/calendars") for row in page]


def _named(row: Mapping[str, Any], *, main: bool) -> NamedCalendar:
    name, writable = str(row.get("name", "")), row.get("canEdit") is not False
    return NamedCalendar(id=str(row["id"]), name=name, main=main, writable=writable)


def _owner(row: Mapping[str, Any]) -> str:
    """Return the address of a calendar's owner; "" where the server does not tell it."""
    owner = row.get("owner")
    return str(owner.get("address", "")).casefold() if isinstance(owner, dict) else ""
