"""The provider: one Exchange organisation with one credential, which opens calendars of its mailboxes."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from calsync.errors import AccountError, EventError, UnknownAddress
from calsync.ports import NamedCalendar, Provider
from calsync_exchange_ews.auth.application import ApplicationToken
from calsync_exchange_ews.auth.auto import Auto
from calsync_exchange_ews.auth.basic import Basic
from calsync_exchange_ews.auth.bearer import Bearer
from calsync_exchange_ews.auth.credential import Credential, standing_of
from calsync_exchange_ews.auth.login import UNAUTHORIZED, offered
from calsync_exchange_ews.auth.spnego import Spnego
from calsync_exchange_ews.calendar import ExchangeCalendar
from calsync_exchange_ews.channel import KEEP_ALIVE, TIMEOUT, Channel, Channels
from calsync_exchange_ews.checks import about_calendar, about_server, try_writes
from calsync_exchange_ews.client import Client
from calsync_exchange_ews.config import settings_of
from calsync_exchange_ews.doorbell import Doorbell
from calsync_exchange_ews.envelope import Caller
from calsync_exchange_ews.failures import UnknownFailure
from calsync_exchange_ews.folders import FolderInfo, calendars_of, folder_info
from calsync_exchange_ews.home import Home
from calsync_exchange_ews.requests import Folder, get_folder
from calsync_exchange_ews.zones import windows_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.http import Http
    from calsync.ports import Calendar, CalendarRequest, Finding, Host
    from calsync_exchange_ews.auth.login import Login
    from calsync_exchange_ews.config import Settings

NOBODY = Caller(zone="UTC")
log = logging.getLogger("calsync.exchange")


class ExchangeProvider(Provider):
    """A connection to an Exchange Server."""

    def __init__(self, settings: Settings, host: Host) -> None:
        self._settings = settings
        self._host = host
        self._pause = host.http.pause(host.connection, settings.url)
        self._credential = Credential(
            connection=settings.connection,
            username=settings.username,
            password=settings.password,
            standing=standing_of(host.http, settings.host, settings.username, settings.password),
        )
        self._token: ApplicationToken | None = None
        if settings.application is not None:
            self._token = ApplicationToken(settings.connection, settings.application, settings.host, host.clock)
        self._doorbell: Doorbell | None = None
        if settings.streaming:  # on a channel of its own: a stream occupies it for half an hour
            self._doorbell = Doorbell(self._client_of(Channels(self._channel, 1)))
        crowded = (lambda: None) if self._doorbell is None else self._doorbell.rest
        self._client = self._client_of(Channels(self._channel, settings.max_channels, crowded))

    @property
    def system(self) -> str:
        return "Outlook"

    def proven(self) -> None:
        self._credential.proven()

    async def login(self) -> None:
        """Ask a question that every user may ask: any answer in SOAP proves that the sign-in was accepted."""
        try:
            await self._client.ask(get_folder([Folder(anchor="msgfolderroot")]), NOBODY)
        except (AccountError, EventError, UnknownFailure) as refused:
            # Such a user need not have a mailbox.
            log.debug("%s: signed in; %s", self._settings.connection, refused)

    async def open(self, request: CalendarRequest) -> Calendar:
        """Open a mailbox's own calendar or the one that the account names."""
        zone = windows_name(request.timezone)
        if zone is None:
            raise AccountError(
                f"account {request.account}: Windows has no name for the zone {request.timezone.key}"
            )
        mailbox = request.settings["mailbox"]
        caller = Caller(zone=zone, mailbox=mailbox, impersonated=self._settings.impersonate)
        try:
            info = await self._find(caller, request.settings.get("calendar"))
            trash = await self._folder(caller, Folder(anchor="deleteditems", mailbox=mailbox))
        except (AccountError, EventError) as error:
            kind = UnknownAddress if isinstance(error, UnknownAddress) else AccountError
            raise kind(f"account {request.account}: {error}") from error
        home = Home(self._client, caller, info, trash.id if trash else None, request.timezone)
        return ExchangeCalendar(home, silent=self._settings.silent, doorbell=self._doorbell, needs=request.needs)

    async def calendars(self, settings: Mapping[str, Any]) -> Sequence[NamedCalendar]:
        caller = Caller(zone="UTC", mailbox=settings["mailbox"], impersonated=self._settings.impersonate)
        try:
            own, found = await self._find(caller, None), await calendars_of(self._client, caller)
        except EventError as error:
            raise AccountError(str(error)) from error
        others = [each for each in found if each.id != own.id and each.readable]
        return [
            NamedCalendar(id=each.id, name=each.name, main=each is own, writable=each.writable)
            for each in (own, *others)
        ]

    async def is_own(self, settings: Mapping[str, Any]) -> bool:
        """Tell whether a user who names no mailbox is given the calendar of this one."""
        if self._settings.impersonate or self._settings.application is not None:
            return False
        try:
            named, own = [
                await self._find(Caller(zone="UTC", mailbox=mailbox), None)
                for mailbox in (settings["mailbox"], "")
            ]
        except (AccountError, EventError):
            return False
        return named.id == own.id

    async def check(self) -> Sequence[Finding]:
        return about_server(self._client, await self._schemes())

    async def check_calendar(self, calendar: Calendar) -> Sequence[Finding]:
        return await about_calendar(calendar) if isinstance(calendar, ExchangeCalendar) else ()

    async def try_writes(self, calendar: Calendar) -> Sequence[Finding]:
        return await try_writes(calendar) if isinstance(calendar, ExchangeCalendar) else ()

    async def close(self) -> None:
        await self._client.close()
        if self._doorbell is not None:
            await self._doorbell.close()
        if self._token is not None:
            self._token.close()

    async def _find(self, caller: Caller, wanted: str | None) -> FolderInfo:
        """Return a calendar. Raises AccountError, EventError."""
        if wanted is None:
            own = await self._folder(caller, Folder(mailbox=caller.mailbox), needed=True)
            if own is None or not own.id:
                raise AccountError("the mailbox has no calendar")
            return own
        calendars = await calendars_of(self._client, caller)
        found = [each for each in calendars if each.id == wanted] or [
            each for each in calendars if each.name.casefold() == wanted.casefold()
        ]
        if len(found) != 1:
            problem = "no calendar" if not found else "more than one calendar"
            raise AccountError(f"the mailbox has {problem} of the name or id that is configured")
        return found[0]

    async def _folder(self, caller: Caller, folder: Folder, *, needed: bool = False) -> FolderInfo | None:
        """Return a folder, None for one that the user may not see. Raises AccountError, EventError if `needed`."""
        (reply,) = await self._client.call(get_folder([folder]), caller)
        if reply.ok:
            return folder_info(reply)
        error = self._client.error(reply, whole=True)
        if needed or not isinstance(error, AccountError | EventError):
            raise error
        return None

    async def _schemes(self) -> Sequence[str]:
        """Return the schemes that the server offers to somebody who does not sign in."""
        http = self._http()
        try:
            answer = await http.request("POST", http.base, headers={}, body=b"")
        finally:
            await http.close()
        return offered(answer) if answer.status == UNAUTHORIZED else ()

    def _client_of(self, channels: Channels) -> Client:
        return Client(self._host.connection, channels, self._pause, self._host.clock, self._host.random)

    def _channel(self) -> Channel:
        return Channel(self._http(), self._login())

    def _http(self) -> Http:
        settings = self._settings
        return self._host.http.open(
            settings.connection,
            settings.url,
            concurrency=1,
            timeout=TIMEOUT,
            keep_alive=KEEP_ALIVE,
            cookies=True,
            ca_file=settings.ca_file,
            pause=self._pause,
        )

    def _login(self) -> Login:
        if self._token is not None:
            return Bearer(self._settings.connection, self._token)
        if self._settings.auth == "basic":
            return Basic(self._credential)
        if self._settings.auth == "auto":
            return Auto(self._credential)
        return Spnego(self._credential, {"ntlm": "NTLM", "negotiate": "Negotiate"}[self._settings.auth])


def open_provider(options: Mapping[str, Any], host: Host) -> ExchangeProvider:
    """Build the provider from validated settings. Raises ConfigError."""
    return ExchangeProvider(settings_of(options, host.connection), host)
