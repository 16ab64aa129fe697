"""The whole sandbox: a sign-in authority, a FLOWFACT tenant and an Exchange organisation on loopback."""

from __future__ import annotations

import base64
import json
import secrets
import time
import uuid
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from calsync.errors import ConfigError
from calsync_sandbox.authority import AuthorityServer
from calsync_sandbox.configuration import (
    CONNECTIONS,
    FUTURE_DAYS,
    PAST_DAYS,
    POLL_SECONDS,
    RULES,
    Exchange,
    Secret,
    SignIn,
    write_configuration,
)
from calsync_sandbox.ews import EwsServer, User
from calsync_sandbox.flowfact import GUESSED, FlowfactServer, Form
from calsync_sandbox.graph import GraphServer
from calsync_sandbox.ics import Owner, Reach, Row, Series, import_calendar, mailbox_zone
from calsync_sandbox.judge import Stretch, Verdict, flowfact_seen, judge, mailbox_seen
from calsync_sandbox.mail import MailLog
from calsync_sandbox.mailbox.errors import MailboxError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from calsync_sandbox.judge import Direction
    from calsync_sandbox.mailbox import Mailbox
    from calsync_sandbox.server import Server


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a user in FLOWFACT and a mailbox of the same address."""

    user: Mapping[str, Any]
    mailbox: Mailbox

    @property
    def address(self) -> str:
        return self.mailbox.address


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """An imported calendar: a row for each of its entries, and the ids of its single events in the mailbox."""

    path: Path
    table: list[Row]
    singles: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account in the configuration: one person's two calendars."""

    name: str
    person: Person
    direction: Direction = "both"
    policy: str | None = None
    """What happens in a conflict; None: as calsync does by itself."""


class Sandbox:
    """Starts its servers on entering and stops them on leaving. All share one counter of mails."""

    def __init__(
        self,
        *,
        exchange: Exchange = "graph",
        sign_in: SignIn = "application",
        form: Form = GUESSED,
        flowfact_options: Mapping[str, Any] = MappingProxyType({}),
        now: Callable[[], float] = time.time,
    ) -> None:
        """`exchange` is the face of the mailboxes that calsync shall use, `sign_in` how it gets into Graph.

        `form` says in which of the tenant's schemas the appointments are, `flowfact_options` what a user
        configures besides. `now` answers seconds since the epoch.
        The Graph server holds the mailboxes, so it is always there. The EWS server is there only if it is used.
        """
        self.now = now
        self.exchange = exchange
        self.sign_in = sign_in
        self.form = form
        self._flowfact_options = flowfact_options
        self.mails = MailLog()
        self.authority = AuthorityServer(now=now)
        self.flowfact = FlowfactServer(self.mails, now=now)
        self.graph = GraphServer(self.mails, self.authority.tokens, now=now)
        self.tenant_id, self.client_id = str(uuid.uuid4()), str(uuid.uuid4())
        self.client_secret = secrets.token_urlsafe(24)
        self.key = base64.b64encode(secrets.token_bytes(32)).decode()
        self.authority.register(
            self.tenant_id, self.client_id, secret=self.client_secret, public=sign_in == "delegated"
        )
        self.ews = EwsServer(self.mails, self.authority.tokens, self.graph.mailbox)
        self.service = User("EX\\calsync", secrets.token_urlsafe(24), impersonates=True)
        self.ews.users.add(self.service)
        self.servers: list[Server] = [self.authority, self.flowfact, self.graph]
        if exchange == "exchange_ews":
            self.servers.append(self.ews)
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as starting:
            for server in self.servers:
                await server.start()
                starting.push_async_callback(server.stop)
            self._running = starting.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._running.aclose()

    def add_person(self, address: str, *, first: str, last: str) -> Person:
        """Add a user of FLOWFACT and the mailbox of the same address, whose owner can sign in."""
        user = self.flowfact.add_user(address, first=first, last=last)
        login = f"EX\\{address.partition('@')[0]}"
        self.ews.users.add(User(login, secrets.token_urlsafe(24), address))
        self.authority.people.add(address)
        return Person(user, self.graph.add_mailbox(address))

    def import_calendar(self, path: Path, person: Person) -> ImportedFile:
        """Import an .ics file into a mailbox. Raises ConfigError for a broken file; nothing of it is imported."""
        owner = Owner(person.address, mailbox_zone(person.mailbox.store.timezone))
        reach = Reach.around(self._today(), past_days=PAST_DAYS, future_days=FUTURE_DAYS)
        imported = import_calendar(_content(path), str(path), owner, reach)
        singles = frozenset(person.mailbox.create(event)["id"] for event in imported.singles)
        for number, series in enumerate(imported.series):
            _store_series(person.mailbox, series, f"{path.name}#{number}")
        return ImportedFile(path, imported.table, singles)

    def writes(self) -> int:
        """Return how many requests wanted to change an event, of those that the servers have kept."""
        sent = self.flowfact.sent(path_contains="/entity-service/") + self.graph.sent()
        asked = sum(_changes(request.method, request.path, request.body) for request in sent)
        return asked + self.ews.writes()

    def violations(self) -> list[str]:
        """Return the answers that Microsoft's schema does not allow, and requests that nobody allowed."""
        return [*self.graph.schema_violations, *self.graph.not_allowed, *self.ews.not_allowed]

    def clear(self) -> None:
        """Let all servers forget their requests; what they store stays."""
        for server in self.servers:
            server.clear()

    def judge(
        self,
        person: Person,
        *,
        direction: Direction = "both",
        keep_notes: Collection[tuple[str, str]] = (),
    ) -> Verdict:
        """Compare a person's two calendars as they are now."""
        window = Stretch.around(self._today(), past_days=PAST_DAYS, future_days=FUTURE_DAYS)
        left = flowfact_seen(self.flowfact.entities.values(), person.user, window, self.form)
        right = mailbox_seen(person.mailbox.events.values(), window)
        return judge(left, right, direction=direction, keep_notes=keep_notes)

    def write_configuration(
        self,
        folder: Path,
        accounts: Sequence[Account],
        *,
        rules: Sequence[Any] = RULES,
        discover: Mapping[str, Any] | None = None,
        pages: int | None = None,
    ) -> Path:
        """Write a configuration for these accounts with its secrets, and return its path.

        With `discover`, also for those that calsync finds; it holds what differs from an account's defaults.
        With `pages`, also with pages at this port of this machine.
        """
        values = {
            "flowfact_token": self.flowfact.api_token,
            "m365_secret": self.client_secret,
            "exchange_password": self.service.password,
            "service_key": self.key,
        }
        settings = self._settings(folder, accounts, rules)
        if discover is not None:
            settings["accounts"]["discover"] = self._discover() | dict(discover)
        if pages is not None:
            settings["service"]["listen"] = f"127.0.0.1:{pages}"
            settings["web"] = {}
        return write_configuration(folder, settings, values)

    def _settings(self, folder: Path, accounts: Sequence[Account], rules: Sequence[Any]) -> dict[str, Any]:
        service = {"store": f"sqlite:///{folder.resolve() / 'calsync.db'}", "poll_seconds": POLL_SECONDS}
        if self.sign_in == "delegated":
            service["key"] = Secret("service_key")
        return {
            "service": service,
            "connections": {
                "flowfact": {
                    "provider": "flowfact",
                    "base_url": self.flowfact.url,
                    "api_token": Secret("flowfact_token"),
                    "overlap_seconds": 120,
                    **self.form.configured(),
                    **self._flowfact_options,
                },
                CONNECTIONS[self.exchange]: self._graph_settings()
                if self.exchange == "graph"
                else self._ews_settings(),
            },
            "rules": list(rules),
            "accounts": {account.name: self._account(account) for account in accounts},
        }

    def _graph_settings(self) -> dict[str, Any]:
        return {
            "provider": "graph",
            "tenant_id": self.tenant_id,
            "client_id": self.client_id,
            **(
                {"sign_in": self.sign_in}
                if self.sign_in == "delegated"
                else {"client_secret": Secret("m365_secret")}
            ),
            "graph_url": self.graph.url,
            "authority_url": self.authority.url,
        }

    def _ews_settings(self) -> dict[str, Any]:
        return {
            "provider": "exchange_ews",
            "url": self.ews.ews_url,
            "auth": "basic",
            "username": self.service.login,
            "password": Secret("exchange_password"),
            "impersonate": True,
        }

    def _account(self, account: Account) -> dict[str, Any]:
        return {
            "left": {"connection": "flowfact", "user": account.person.address},
            "right": {"connection": CONNECTIONS[self.exchange], "mailbox": account.person.address},
            "direction": account.direction,
            **({} if account.policy is None else {"policy": account.policy}),
            "timezone": account.person.user["timezone"],
            "window": {"past_days": PAST_DAYS, "future_days": FUTURE_DAYS},
        }

    def _discover(self) -> dict[str, Any]:
        return {
            "left": {"connection": "flowfact"},
            "right": {"connection": CONNECTIONS[self.exchange]},
            "timezone": "Europe/Berlin",
            "window": {"past_days": PAST_DAYS, "future_days": FUTURE_DAYS},
        }

    def _today(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            [f"{path}: cannot be read ({error.strerror}); check its path and permissions"]
        ) from error


def _changes(method: str, path: str, body: bytes) -> int:
    """Return how many changes a request asks for; a batch asks for those of its parts. Some POSTs only ask."""
    if "/hasaccess/" in path:
        return 0
    if path.endswith("/$batch"):
        return sum(part["method"] != "GET" for part in json.loads(body)["requests"])
    return int(method != "GET")


def _store_series(mailbox: Mailbox, series: Series, name: str) -> None:
    master = name if series.master is None else mailbox.create(series.master)["id"]
    for exception in series.exceptions:
        mailbox.create(exception | {"seriesMasterId": master})
    for day in series.cancelled:
        try:
            mailbox.delete(mailbox.occurrence_id(master, day))
        except MailboxError:
            continue  # the nearest pattern that Graph can express has no occurrence on this day
