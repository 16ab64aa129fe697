"""The validated configuration. `line` is where a thing stands in the file, for messages; what has moved is equal.

Settings may hold secrets, so no representation shows them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Network, IPv6Network
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from calsync.sync.model import Direction, Side
    from calsync.sync.view import ConflictPolicy, FirstSync, TargetEdit


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A place on this machine's network."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """Where a browser on this machine finds what listens here. What listens everywhere is on loopback, too."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - nobody can ask for it
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How the service runs."""

    store: Path
    """The SQLite database's file, absolute. With another database the file that is not there, beside which all is
    kept that is no part of a store."""
    database: str | None = field(default=None, repr=False)
    """How PostgreSQL is reached, with the password, as libpq takes it; None where the store is the file."""
    poll_seconds: int
    """How long `calsync run` waits between two runs of one account."""
    key: bytes | None = field(default=None, repr=False)
    """What connections keep is encrypted with it: 32 bytes. None where none of them needs to keep anything."""
    listen: Address
    """Where `calsync run` is called, by a proxy that ends TLS or on this machine. Only where there is a
    `public_url`, or the section `web`."""
    public_url: str | None = None
    """What servers outside call, without a slash at its end. None: nobody calls, calendars are polled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MicrosoftSignIn:
    """The app registration with which people sign in to the pages. Only those of its tenant can."""

    tenant_id: str
    client_id: str
    client_secret: str = field(repr=False)
    authority_url: str
    """Scheme and host of the sign-in server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfService:
    """The connections between which people may connect their own calendars. By side: a connection's name."""

    left: str
    right: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """The pages, and who gets in."""

    sign_in: MicrosoftSignIn | None = None
    """None: people sign in with a password only."""
    self_service: SelfService | None = None
    """None: only administrators add accounts."""
    metrics_token: str | None = field(default=None, repr=False)
    """With it, figures are told outside of this machine, too."""
    trusted_proxy: IPv4Network | IPv6Network | None = None
    """Whose word counts about where a request came from (`X-Forwarded-For`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionConfig:
    """One configured provider."""

    name: str
    provider: str
    settings: Mapping[str, Any] = field(repr=False)
    """The connection's keys without `provider`, as the provider's schema returned them."""
    line: int = field(compare=False)
    kept: bool = field(default=False, compare=False)
    """It stands in the second file, which the pages keep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleConfig:
    """One step of the chain."""

    name: str
    options: Mapping[str, Any]
    """As the rule's schema returned them, defaults filled in."""
    line: int = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SideConfig:
    """One calendar of an account."""

    connection: str
    settings: Mapping[str, Any] = field(repr=False)
    """The side's keys without `connection`, as the provider's calendar schema returned them."""
    line: int = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowConfig:
    """The span of days around today that is synced."""

    past_days: int
    future_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountConfig:
    """A pair of calendars."""

    name: str
    left: SideConfig
    right: SideConfig
    direction: Direction
    timezone: ZoneInfo
    window: WindowConfig
    policy: ConflictPolicy
    on_target_edit: TargetEdit
    first_sync: FirstSync = "run"
    """`ask`: nothing is written before a person has confirmed the first plan."""
    line: int = field(compare=False)
    kept: bool = field(default=False, compare=False)
    """It stands in the second file, which the pages keep."""

    def side(self, side: Side) -> SideConfig:
        return self.left if side.value == "left" else self.right


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverConfig:
    """Accounts that need not be written down: one for each person whom one side's system lists."""

    account: AccountConfig
    """What all of them have in common. Its sides do not say whose calendars they are."""
    lists: Side
    """The side whose connection lists people; the other one finds them by their address."""
    person_key: str
    address_key: str
    """The settings of the one side and of the other that are still missing."""
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    """Patterns of addresses, in lower case."""


class Why(StrEnum):
    """Why an entry of the second file does not hold."""

    UNREADABLE = "unreadable"
    """The whole file is no YAML; `section` and `name` are empty."""
    WRONG = "wrong"
    """It says what is not valid, or its secret cannot be decrypted."""
    OPERATORS = "operators"
    """The operator's file has another one of this name."""
    CONNECTION = "connection"
    """Its connection is gone, or does not hold itself."""
    CALENDAR = "calendar"
    """Its calendar belongs to an account that stands before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """An entry of the second file that does not hold. It stops nothing else."""

    section: str
    """`connections` or `accounts`, or another key at the file's top that does not belong there."""
    name: str
    why: Why
    problems: tuple[str, ...]
    """One line each, with file, line and key, without secrets."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """What is wrong, by the entry's own keys, as `left.mailbox`; "" is the entry itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A whole configuration file."""

    path: Path
    service: Service
    connections: Mapping[str, ConnectionConfig]
    rules: tuple[RuleConfig, ...]
    """In the file's order, which is the order in which they are asked."""
    accounts: Mapping[str, AccountConfig]
    """Those that are written down: the operator's, then those of the second file."""
    discover: DiscoverConfig | None
    web: Web | None
    """None: there are no pages."""
    plugin_dirs: tuple[Path, ...]
    ignored: tuple[Ignored, ...] = ()
    """What the second file says in vain."""
    second: tuple[int, int] | None = None
    """Which second file that was, by its inode and time; None where there was none."""

    def file(self, entry: AccountConfig | ConnectionConfig) -> Path:
        """Return the file that an entry stands in."""
        return second_file(self.service.store) if entry.kept else self.path


def second_file(store: Path) -> Path:
    """Return where the pages keep connections and accounts: a YAML file beside the store."""
    return store.with_name(f"{store.name}.yaml")
