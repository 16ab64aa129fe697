"""A FLOWFACT tenant: signing in, checking what the configuration claims, opening its users' calendars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.errors import ConfigError
from calsync.ports import Calendar, Finding, Provider
from calsync_flowfact.calendar import FlowfactCalendar
from calsync_flowfact.client import Client
from calsync_flowfact.config import CODECS, settings_of
from calsync_flowfact.failures import NoRight, NotFound, Rejected
from calsync_flowfact.mapping import EntityMapping
from calsync_flowfact.query import Queries
from calsync_flowfact.rights import SAMPLE, rights_of
from calsync_flowfact.tenant import field_problems, find_user, people_of, refuse_native_sync
from calsync_flowfact.trash import Trash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.ports import CalendarRequest, Host, Person
    from calsync_flowfact.config import Settings

UNMAPPED = {
    "marker": "a create whose answer is lost can then only be found again by its content",
    "description": "notes are not synced",
    "all_day": "all-day events cannot be created in FLOWFACT",
    "attendee_count": "appointments with participants cannot be told from others",
    "reminder": "copies in FLOWFACT are created without a reminder",
    "series": "series cannot be told from single appointments",
    "private": "private appointments cannot be told from others",
}
"""What it means that a value has no field."""

NATIVE_SYNC_UNKNOWN = (
    "FLOWFACT does not tell whether its own calendar sync is on; make sure that it is off for the same mailboxes"
)

TRASH_UNSEEN = (
    "FLOWFACT's trash may not be seen by the API user; a deleted appointment is then found later, when two runs "
    "have looked for it in vain; ask FLOWFACT's administrator for the right to the trash"
)


def open_provider(options: Mapping[str, Any], host: Host) -> Provider:
    """Build the provider from validated options. Does no I/O."""
    return FlowfactProvider(settings_of(options), host)


class FlowfactProvider(Provider):
    """One API token's view of a company."""

    def __init__(self, settings: Settings, host: Host) -> None:
        self._settings = settings
        self._clock = host.clock
        self._client = Client(settings, host)
        self._trash = Trash(self._client, settings.page_size)
        self._api_user: Mapping[str, Any] = {}
        self._users: Sequence[Mapping[str, Any]] = ()
        self._mail_accounts: Sequence[Mapping[str, Any]] = ()
        self._native_sync_known = False

    async def login(self) -> None:
        """Exchange the token, check the mapped fields, learn the users and FLOWFACT's own sync."""
        self._api_user = await self._client.current_user()
        await self._check_fields()
        self._users = await self._client.users()
        self._mail_accounts = await self._native_sync()

    async def open(self, request: CalendarRequest) -> Calendar:
        user = find_user(self._users, request.settings, request.account)
        refuse_native_sync(self._mail_accounts, user, request.account)
        mapping = EntityMapping(
            settings=self._settings,
            owner=user["id"],
            api_user=self._api_user_id,
            zone=request.timezone,
        )
        queries = Queries(self._settings, user["id"], request.timezone)
        return FlowfactCalendar(self._client, mapping, queries, self._trash, self._clock)

    async def check(self) -> Sequence[Finding]:
        name, settings = self._client.name, self._settings
        mapped = [
            f"{key} = {settings.name(key)} ({settings.fields[key].codec})" for key in CODECS if settings.name(key)
        ]
        kind = self._api_user.get("type") or "unknown"
        findings = [
            Finding(
                "ok", f"connection {name}: signed in to FLOWFACT{await self._company()} with a user of type {kind}"
            ),
            Finding(
                "ok", f"connection {name}: schema {settings.schema} holds every mapped field: {', '.join(mapped)}"
            ),
        ]
        if not self._native_sync_known:
            findings.append(Finding("warning", f"connection {name}: {NATIVE_SYNC_UNKNOWN}"))
        if not await self._sees_trash():
            findings.append(Finding("warning", f"connection {name}: {TRASH_UNSEEN}"))
        for key, meaning in UNMAPPED.items():
            if settings.name(key) is None:
                findings.append(Finding("warning", f"connection {name}: no field is mapped to {key}: {meaning}"))
        return findings

    async def check_calendar(self, calendar: Calendar) -> Sequence[Finding]:
        """Read some appointments, which proves that they can be read, and ask what else may be done with them."""
        if not isinstance(calendar, FlowfactCalendar):
            return ()
        name, hits = self._client.name, await calendar.newest(SAMPLE)
        found = Finding("ok", f"connection {name}: the user has {hits.total} appointments in FLOWFACT")
        return [found, *await rights_of(self._client, self._api_user_id, hits.entities)]

    async def people(self) -> Sequence[Person]:
        return people_of(self._users)

    @property
    def _api_user_id(self) -> str | None:
        found = self._api_user.get("id")
        return found if isinstance(found, str) else None

    async def close(self) -> None:
        await self._client.close()

    async def _check_fields(self) -> None:
        name, schema = self._client.name, self._settings.write_schema
        try:
            problems = field_problems(name, self._settings, await self._client.schema())
        except (NotFound, Rejected) as error:
            problem = (
                f"connection {name}: FLOWFACT has no schema {schema!r} (for a group of schemas set write_schema)"
            )
            raise ConfigError([problem]) from error
        if problems:
            raise ConfigError(problems)

    async def _native_sync(self) -> Sequence[Mapping[str, Any]]:
        """Return the mailboxes of FLOWFACT's own sync; none where they may not be read, which the check tells."""
        try:
            accounts = await self._client.mail_accounts()
        except (NoRight, NotFound, Rejected):
            return ()
        self._native_sync_known = True
        return accounts

    async def _sees_trash(self) -> bool:
        try:
            await self._trash.newest()
        except (NoRight, NotFound, Rejected):
            return False
        return True

    async def _company(self) -> str:
        try:
            company = await self._client.company()
        except (NoRight, NotFound, Rejected):
            company = ""
        return f" of {company}" if company else ""
