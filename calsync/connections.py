"""The connections of a configuration: built, signed in, and the calendars that accounts want of them."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections import defaultdict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.desk.systems import System
from calsync.engine import Account
from calsync.engine.together import together
from calsync.errors import AccountError, CalsyncError, ConfigError, PluginError, Retry, reason
from calsync.http import HttpFactory
from calsync.learnt import FileLearnt
from calsync.ports import Calendar, CalendarRequest, Host, Provider, ReadOnly
from calsync.sync.asking import Asking
from calsync.sync.model import Side
from calsync.sync.rules import Chain, needs_of
from calsync.values import replace
from calsync.vault import FileVault, vault_folder
from calsync.web import Endpoint

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path
    from random import Random

    from calsync.config import AccountConfig, Config, RuleConfig, SideConfig
    from calsync.loader import Loaded
    from calsync.ports import Clock, Finding, Learnt, Person, ProviderSpec, Reader, RuleSpec, Vault
    from calsync.records import Settings
    from calsync.sync.model import Direction
    from calsync.sync.rules import Rule

log = logging.getLogger("calsync.service")
OPENED_AT_ONCE = 16
"""Accounts of the same connections, of which most may be asked for four things at a time (`calsync.http`)."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An account's calendars, both writable as their servers gave them."""

    config: AccountConfig
    left: Calendar
    right: Calendar
    direction: Direction
    """What the configuration says, whatever a person has chosen."""

    @property
    def calendars(self) -> Mapping[Side, Calendar]:
        return {Side.LEFT: self.left, Side.RIGHT: self.right}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Another configuration, with what is new in it."""

    config: Config
    rules: Sequence[Rule]
    versions: Mapping[str, str]
    specs: Mapping[str, ProviderSpec]
    providers: Mapping[str, Provider]


class Unusable(Provider):
    """A connection that cannot be built: it says why to whoever wants to use it."""

    def __init__(self, error: ConfigError) -> None:
        self._error = error

    async def login(self) -> None:
        raise self._again()

    async def open(self, request: CalendarRequest) -> Calendar:
        del request
        raise self._again()

    async def check(self) -> Sequence[Finding]:
        raise self._again()

    async def close(self) -> None:
        """There is nothing to close."""

    def _again(self) -> ConfigError:
        return ConfigError(self._error.problems)


class Connections:
    """Signs in once per connection, however many accounts use it. A failed sign-in is tried again when asked."""

    def __init__(
        self, config: Config, loaded: Loaded, clock: Clock, random: Random, http: HttpFactory | None = None
    ) -> None:
        """`http` opens their sessions; None: nobody counts them but `self.http`."""
        self.http = http or HttpFactory(clock)
        self._config = config
        self._clock = clock
        self._random = random
        self._specs = loaded.providers
        self.asking = Asking()
        self._rules: Sequence[Rule] = [_rule(rule, loaded.rules) for rule in config.rules]
        self._versions = loaded.versions
        self.endpoint = None if config.service.public_url is None else Endpoint(config.service.public_url)
        """Where servers call the connections; None where no public address is configured."""
        self._shares = True
        """What a connection has read for one calendar may answer for others, until the next poll."""
        self._providers = {name: self._built(name, config, loaded) for name in config.connections}
        self._left: list[tuple[str, Provider]] = []
        """Connections that are gone or are others now, and not closed yet."""
        self._logins: dict[str, asyncio.Task[None]] = {}
        self._opening = defaultdict[tuple[str, str], asyncio.Semaphore](lambda: asyncio.Semaphore(OPENED_AT_ONCE))
        """By what accounts use. Whoever waits here holds little; whoever waits to send a request, 20 KB."""
        self._keys: dict[tuple[str, str], tuple[AccountConfig, Side]] = {}

    def _built(self, name: str, config: Config, loaded: Loaded) -> Provider:
        """Build a connection. One of the second file that cannot be built fails when it is used."""
        connection = config.connections[name]
        host = Host(
            connection=name,
            clock=self._clock,
            random=self._random,
            http=self.http,
            vault=_vault(config, name),
            doorbells=None if self.endpoint is None else self.endpoint.of(name),
            learnt=_learnt(config, name),
            poll_seconds=lambda: self._config.service.poll_seconds if self._shares else 0.0,
        )
        try:
            return loaded.providers[connection.provider].open(connection.settings, host)
        except ConfigError as error:
            if connection.kept:
                return Unusable(error)
            raise

    def read_anew(self) -> None:
        """Have each question asked of the server from now on: who asks wants to know what was just written."""
        self._shares = False

    def stale(self, config: Config) -> set[str]:
        """Return the connections that another configuration does not have, or not as they are."""
        after = config.connections
        return {name for name, one in self._config.connections.items() if after.get(name) != one}

    def to_leave(self, prepared: Prepared) -> set[str]:
        """Return the connections whose accounts are to be opened anew: all, where rules need something else."""
        if needs_of(prepared.rules) != needs_of(self._rules):
            return {*self._config.connections}
        return self.stale(prepared.config)

    def prepare(self, config: Config, loaded: Loaded) -> Prepared:
        """Build what another configuration has and this one has not. Nothing is changed yet."""
        kept = config.connections.keys() - self.stale(config)
        fresh = [name for name in config.connections if name not in kept or name not in self._providers]
        return Prepared(
            config=config,
            rules=[_rule(rule, loaded.rules) for rule in config.rules],
            versions=loaded.versions,
            specs=loaded.providers,
            providers={name: self._built(name, config, loaded) for name in fresh},
        )

    async def adopt(self, prepared: Prepared) -> None:
        """Take over another configuration; connections that are the same in it are not touched.

        No account may use those any more that are `stale`.
        """
        stale = self.stale(prepared.config)
        self._left += [(name, self._providers.pop(name)) for name in stale]
        logins = [self._logins.pop(name) for name in stale if name in self._logins]
        self._rules, self._versions, self._config = prepared.rules, prepared.versions, prepared.config
        self._specs = prepared.specs
        self._providers |= prepared.providers
        if self.endpoint is not None:
            for name in stale - prepared.providers.keys():
                self.endpoint.forget(name)
        await _ended(logins)
        await self._close_left()

    def proven(self, connection: str) -> None:
        """Let a connection sign in again: what it signs in with has just been taken elsewhere."""
        if connection in self._providers:
            self._providers[connection].proven()

    def provider(self, connection: str) -> Provider:
        return self._providers[connection]

    def systems(self) -> Mapping[str, System]:
        """Return what people see of all connections, by name."""
        return {
            name: System(
                connection=name,
                title=provider.system or name,
                by_person=provider.by_person,
                provider=self._config.connections[name].provider,
                kept=self._config.connections[name].kept,
                address_key=self._spec(name).address_key,
                asks=self._spec(name).asked is not None,
                untold=provider.untold,
            )
            for name, provider in self._providers.items()
        }

    async def login(self, connection: str) -> None:
        """Sign in, or wait for the sign-in that is under way. Raises LoginError, ConfigError, Retry."""
        task = self._logins.get(connection)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = asyncio.ensure_future(_logged_in(self._providers[connection], connection))
            self._logins[connection] = task
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            asked = asyncio.current_task()
            if task.cancelled() and asked is not None and not asked.cancelling():  # another configuration came
                raise Retry(f"connection {connection}: its sign-in was broken off") from None
            raise

    def unready(self) -> Mapping[str, str]:
        """Say of each connection that was wanted and is not signed in what is in the way, by its name."""
        problems = {name: _unready(name, task) for name, task in self._logins.items()}
        return {name: problem for name, problem in problems.items() if problem is not None}

    async def open(self, config: AccountConfig, calendars: Mapping[Side, Calendar] = {}) -> Opened:
        """Open both calendars of an account, but for those of it that are opened already.

        Raises AccountError, LoginError, ConfigError, Retry.
        """
        names = (config.left.connection, config.right.connection)
        await together(self.login(name) for name in names)  # one that fails fails for all, whoever waits below
        async with self._opening[names]:
            left, right = await together(self._calendar(config, side, calendars.get(side)) for side in Side)
        if config.policy == "newest" and not (
            left.capabilities.trusted_times and right.capabilities.trusted_times
        ):
            place = f"{self._config.file(config)}:{config.line}: accounts.{config.name}.policy"
            raise ConfigError([f"{place}: newest needs two systems with comparable times; choose another"])
        return Opened(config, left, right, config.direction)

    async def as_set(self, opened: Opened, settings: Settings) -> Opened:
        """Return an opened account under the direction that a person has chosen.

        Raises AccountError, Retry as `open` does; StoreError.
        """
        direction = (await settings.get(opened.config.name)).direction or opened.direction
        return opened if direction is opened.config.direction else await self.turned(opened, direction)

    async def turned(self, opened: Opened, direction: Direction) -> Opened:
        """Return an opened account under another direction. Raises AccountError, Retry as `open` does."""
        config = replace(opened.config, direction=direction)
        for side, calendar in opened.calendars.items():
            if direction.writes(side) and not opened.config.direction.writes(side):
                await self._expect_writable(config, side, calendar)
        return replace(opened, config=config)

    async def people(self, connection: str) -> Sequence[Person]:
        """Return everybody whom a connection lists. Raises LoginError, ConfigError, Retry."""
        await self.login(connection)
        return await self._providers[connection].people()

    async def look(self, config: AccountConfig, side: Side) -> Calendar:
        """Open one calendar of an account without claiming it. Raises as `open` does."""
        connection = config.side(side).connection
        await self.login(connection)
        return await self._providers[connection].open(self.request(config, side))

    def request(self, config: AccountConfig, side: Side) -> CalendarRequest:
        """Return which calendar an account wants on one side."""
        return CalendarRequest(
            account=config.name,
            settings=config.side(side).settings,
            timezone=config.timezone,
            other_address=self._address(config.side(side.other)),
            needs=needs_of(self._rules),
        )

    def claimant(self, config: AccountConfig, side: Side, calendar: Calendar) -> str | None:
        """Return the name of the other account that a calendar belongs to."""
        found = self._keys.get(self._key(config, side, calendar))
        return found[0].name if found is not None and found[0].name != config.name else None

    def claim(self, config: AccountConfig, side: Side, calendar: Calendar) -> None:
        """Let a calendar belong to an account. Raises ConfigError where it belongs to another one."""
        other, other_side = self._keys.setdefault(self._key(config, side, calendar), (config, side))
        if (other.name, other_side) != (config.name, side):
            line, other_line = config.side(side).line, other.side(other_side).line
            where = "" if other.kept == config.kept else f"{self._config.file(other)}, "
            problem = (
                f"{self._config.file(config)}:{line}: accounts.{config.name}.{side}: this calendar stands in"
                f" {where}line {other_line} (accounts.{other.name}.{other_side}) too, under another name;"
                " a calendar belongs to one account only"
            )
            raise ConfigError([problem])

    def account(self, opened: Opened) -> Account:
        """Return what the engine runs: a side that must not be written loses its write methods."""
        config = opened.config
        calendars: dict[Side, Reader] = {
            side: calendar if config.direction.writes(side) else ReadOnly(calendar)
            for side, calendar in opened.calendars.items()
        }
        return Account(
            name=config.name,
            calendars=calendars,
            direction=config.direction,
            policy=config.policy,
            on_target_edit=config.on_target_edit,
            chain=self.chain(config.name),
            rules=_named(self._config.rules, self._versions),
            first_sync=config.first_sync,
            past=timedelta(days=config.window.past_days),
            future=timedelta(days=config.window.future_days),
        )

    def chain(self, account: str) -> Chain:
        """Return the rules of an account, as they are configured now."""
        return Chain(self._rules, account=account, versions=self._versions, asking=self.asking)

    def release(self, account: str) -> None:
        """Let the calendars of an account belong to nobody."""
        self._keys = {key: claim for key, claim in self._keys.items() if claim[0].name != account}

    async def close(self) -> None:
        await _ended(self._logins.values())
        self._left += self._providers.items()
        await self._close_left()

    async def _close_left(self) -> None:
        """Close what has left. Whoever is cut off leaves the rest for the end."""
        while self._left:
            name, provider = self._left[-1]
            try:
                await provider.close()
            except Exception as error:  # noqa: BLE001 - a bug in a plugin is in nobody's way
                log.warning("connection %s cannot be closed: %s", name, reason(error))
            self._left.pop()

    async def _calendar(self, config: AccountConfig, side: Side, opened: Calendar | None) -> Calendar:
        calendar = await self.look(config, side) if opened is None else opened
        self.claim(config, side, calendar)
        if config.direction.writes(side):
            await self._expect_writable(config, side, calendar)
        return calendar

    async def _expect_writable(self, config: AccountConfig, side: Side, calendar: Calendar) -> None:
        """Raise AccountError for a calendar that can only be read, before anything is written to the other one."""
        connection = config.side(side).connection
        for finding in await self._providers[connection].check_calendar(calendar):
            if finding.severity == "error":
                raise AccountError(f"account {config.name}: connection {connection}: {finding.message}")

    def _spec(self, connection: str) -> ProviderSpec:
        return self._specs[self._config.connections[connection].provider]

    def _address(self, side: SideConfig) -> str | None:
        """Return the address that a side's settings name, None where there is none."""
        key = self._spec(side.connection).address_key
        return None if key is None else side.settings.get(key)

    def _key(self, config: AccountConfig, side: Side, calendar: Calendar) -> tuple[str, str]:
        """Return what tells a calendar from all others: by provider, as two connections may lead to one tenant."""
        return self._config.connections[config.side(side).connection].provider, calendar.key


def connections_of(account: AccountConfig) -> set[str]:
    """Return the names of the connections that an account uses."""
    return {account.left.connection, account.right.connection}


def _vault(config: Config, connection: str) -> Vault | None:
    store, key = config.service.store, config.service.key
    return None if key is None else FileVault(vault_folder(store), connection, key)


def learnt_file(store: Path, connection: str) -> Path:
    """Return where a connection keeps what it has found out about its server, beside the store."""
    return store.with_name(f"{store.name}.{connection}.learnt")


def _learnt(config: Config, connection: str) -> Learnt:
    return FileLearnt(learnt_file(config.service.store, connection))


def _rule(config: RuleConfig, rules: Mapping[str, RuleSpec]) -> Rule:
    rule: Rule = rules[config.name].build(config.options)
    return rule


def _named(rules: Sequence[RuleConfig], versions: Mapping[str, str]) -> str:
    """Return what names a list of rules: equal for the same ones in the same order with the same options."""
    told = [(rule.name, versions.get(rule.name, ""), _in_order(rule.options)) for rule in rules]
    return hashlib.sha256(_AT.sub("", repr(told)).encode("utf-8", "surrogatepass")).hexdigest()[:16]


_AT = re.compile(r" at 0x[0-9a-fA-F]+")
"""What is another in each process."""


def _in_order(value: object) -> object:
    """Return an option such that its text is the same in every process: a set has no order of its own."""
    if isinstance(value, Mapping):
        return sorted((repr(key), _in_order(inner)) for key, inner in value.items())
    if isinstance(value, AbstractSet):
        return sorted(repr(_in_order(inner)) for inner in value)
    if isinstance(value, list | tuple):
        return [_in_order(inner) for inner in value]
    return value


def _unready(connection: str, login: asyncio.Task[None]) -> str | None:
    if not login.done():
        return f"connection {connection}: it is signing in"
    if login.cancelled():
        return f"connection {connection}: its sign-in was broken off"
    error = login.exception()  # noqa: LOG004 - a task's, not a logger's
    return reason(error) if isinstance(error, Exception) else None


async def _ended(logins: Collection[asyncio.Task[None]]) -> None:
    for task in logins:
        task.cancel()
    await asyncio.gather(*logins, return_exceptions=True)


async def _logged_in(provider: Provider, connection: str) -> None:
    try:
        await provider.login()
    except CalsyncError:
        raise
    except SystemExit as error:  # it would end all other connections, too
        raise PluginError(
            f"connection {connection}: its provider wanted to end calsync while signing in"
        ) from error
    except Exception as error:
        # Another library's error may quote the token that was refused, so its text is not told.
        problem = f"connection {connection}: its provider failed while signing in ({reason(error)})"
        raise PluginError(problem) from error
