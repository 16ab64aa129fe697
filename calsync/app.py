"""The one place where everything is put together, from a configuration file."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import asynccontextmanager, nullcontext
from random import SystemRandom
from typing import TYPE_CHECKING

from calsync.backups import back_up_store, restore_store
from calsync.config import parse, validate
from calsync.connections import Connections, Opened
from calsync.desk.decisions import decide, waiting
from calsync.discovery import Discovery, accounts_of, finding, left_behind, until_done
from calsync.engine import Confirmation, Engine, Report
from calsync.engine.together import together
from calsync.errors import CalsyncError, ConfigError, Retry, reason
from calsync.holder import is_dead, this_process
from calsync.loader import Plugins
from calsync.ports import Finding, SystemClock
from calsync.results import AccountPlan, AccountResult, CheckResult, Discovered, Message, SyncResult
from calsync.service import Service
from calsync.store import FileRuns, MemoryRuns, SqliteStore
from calsync.sync.model import Side
from calsync.watchdog import Watchdog, note_beside, read_note
from calsync.web import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from calsync.config import AccountConfig, Config
    from calsync.desk.decisions import Case
    from calsync.ports import Clock, DeviceCode, Provider
    from calsync.records import Runs, Store
    from calsync.service import Listen
    from calsync.sync.choices import Choice
    from calsync.sync.model import Direction

AT_ONCE = 8
"""Accounts that `calsync sync` runs at the same time."""
log = logging.getLogger("calsync.discovery")


class App:
    """A loaded configuration with its plugins and connections."""

    def __init__(self, config: Config, connections: Connections, clock: Clock, random: SystemRandom) -> None:
        self._config = config
        self._accounts = dict(config.accounts)
        self.discovered: Sequence[Discovered] = ()
        """Everybody whom discovery looked at, once accounts have been opened."""
        self._discovery: Discovery | None = None
        """The one that found the accounts."""
        self._connections = connections
        self._clock = clock
        self._random = random
        self._runs = FileRuns(config.service.store.with_name(f"{config.service.store.name}.runs"))

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, *, clock: Clock | None = None) -> AsyncIterator[App]:
        """Read and validate a configuration and load its plugins. No request is sent yet.

        Raises ConfigError, PluginError.
        """
        document = parse(path)
        plugins = Plugins.find(document.plugin_dirs)
        loaded = plugins.load(document.providers, document.rules)
        config = validate(
            document,
            loaded.providers,
            loaded.rules,
            known_providers=plugins.names("providers"),
            known_rules=plugins.names("rules"),
        )
        clock, random = clock or SystemClock(), SystemRandom()
        connections = Connections(config, loaded, clock, random)
        try:
            yield cls(config, connections, clock, random)
        finally:
            await connections.close()

    async def check(self, *, try_writes: bool = False) -> list[CheckResult]:
        """Sign in to every connection, open every calendar, and tell everything that was found.

        `try_writes`: providers may also write something of their own to the calendars that are written to, and
        take it away again, where nothing else shows what they can do.
        """
        results: list[CheckResult] = []
        broken: set[str] = set()
        for name in self._config.connections:
            try:
                await self._connections.login(name)
                findings = await self._connections.provider(name).check()
            except CalsyncError as error:
                broken.add(name)
                findings = [Finding("error", line) for line in _lines(error)]
            results.extend(_checked(f"connection {name}", findings))
        results.extend(await self._check_accounts(self._config.accounts, broken, try_writes=try_writes))
        discover = self._config.discover
        if discover is not None and not _connections_of(discover.account) & broken:
            try:
                found = await self._discover()
            except CalsyncError as error:
                return [*results, *_checked("discovery", [Finding("error", line) for line in _lines(error)])]
            results.extend(_checked("discovery", [finding(one) for one in self.discovered]))
            results.extend(await self._check_accounts(found, broken, try_writes=try_writes))
        return results

    async def sign_in(self, connection: str, show: Callable[[DeviceCode], object]) -> str:
        """Let a person sign in to a connection that is one person's; return who it was.

        Raises ConfigError for an unknown connection, and for one that needs nobody; LoginError, Retry.
        """
        return await self.provider(connection).sign_in(show)

    def provider(self, connection: str) -> Provider:
        """Return a connection by its name, not signed in. Raises ConfigError for an unknown one."""
        if connection not in self._config.connections:
            known = ", ".join(self._config.connections)
            problem = f"{self._config.path}: there is no connection {connection!r}; connections are: {known}"
            raise ConfigError([problem])
        return self._connections.provider(connection)

    async def plan(self, account: str | None) -> dict[str, AccountPlan]:
        """Say what a sync would do. Works on a copy of the store, so nothing is written anywhere."""
        opened = await self._open_accounts(account)
        store = await SqliteStore.copy(self._config.service.store)
        try:
            await self._take_note(store)
            for holder in await store.holders():  # they hold the original, not this copy
                await store.expire(holder)
            engine = self._engine(store, MemoryRuns(await self._runs.all()))
            return {name: await self._plan_one(engine, one) for name, one in opened.items()}
        finally:
            await store.close()

    async def confirm(self, account: str, plan_hash: str) -> Confirmation:
        """Let what waits be written, if its plan is still the one that a person saw. Writes to no calendar."""
        opened = (await self._open_accounts(account))[account]
        if isinstance(opened, Exception):
            raise opened
        store = await self._open_store()
        try:
            return await self._engine(store, self._runs).confirm(self._connections.account(opened), plan_hash)
        finally:
            await store.close()

    async def holds(self, account: str | None) -> dict[str, Sequence[Case]]:
        """Return what waits for a person, by account. Asks no server; the store stays as it is."""
        names = [*self._config.accounts, *(await self._runs.all() if self._config.discover else ())]
        if account is not None and account not in names:
            raise self._unknown(account)
        store = await SqliteStore.copy(self._config.service.store)
        try:
            return {
                name: await waiting(store, name, self._direction(name), self._clock.now())
                for name in dict.fromkeys(names)
                if account in {None, name}
            }
        finally:
            await store.close()

    async def decide(self, account: str, names: Collection[str], choice: Choice) -> Sequence[Case]:
        """Take a person's word about what waits, and return for which cases it counts. Writes to no calendar."""
        store = await self._open_store()
        try:
            return await decide(store, account, self._direction(account), names, choice, self._clock.now())
        finally:
            await store.close()

    def _direction(self, account: str) -> Direction:
        discover = self._config.discover
        known = self._config.accounts.get(account) or (discover.account if discover is not None else None)
        if known is None:
            raise self._unknown(account)
        return known.direction

    async def backup(self, target: Path | None) -> Path:
        """Copy the store, also while others work on it, and return where the copy is. Raises StoreError."""
        return await back_up_store(self._config.service.store, target, self._clock.now())

    async def restore(self, backup: Path) -> Path | None:
        """Put a backup in the store's place; every account then waits for a person. Return where it is kept.

        Raises StoreError for what is no backup, and while another calsync works on the store.
        """
        accounts = self._config.accounts
        return await restore_store(self._config.service.store, backup, accounts, self._clock.now())

    async def sync(
        self, account: str | None, progress: Callable[[str, int, int], None] | None = None
    ) -> SyncResult:
        """Run each account once. Raises LoginError, AccountError, ConfigError before anything is written."""
        started = time.monotonic()
        opened = await self._open_accounts(account)
        store = await self._open_store()
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(name: str, found: Opened | Exception) -> AccountResult:
            async with slots:
                return await self._sync_one(store, found, _for_account(progress, name))

        try:
            results = await asyncio.gather(*(one(name, found) for name, found in opened.items()))
        finally:
            await store.close()
        accounts = dict(zip(opened, results, strict=True))
        return SyncResult(time.monotonic() - started, self._connections.http.requests(), accounts)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve all accounts until `stop` is set.

        An account that cannot be opened is tried again and again, whatever is in its way, and stops no other one;
        so is discovery, until it has succeeded once.
        Raises ConfigError at the start, and what every account failed with where all of them need a person.
        """
        found = await self._try_accounts(self._config.accounts.values())
        written = list(found.values())
        discovery: CalsyncError | None = None
        try:
            found |= await self._try_accounts((await self._discover_aloud()).values())
        except CalsyncError as error:
            discovery = error
        problems = [one for one in (*found.values(), discovery) if isinstance(one, Exception)]
        hopeless = not any(isinstance(one, Opened | Retry) for one in (*found.values(), discovery))
        _refuse(problems if hopeless else [one for one in written if isinstance(one, ConfigError)])
        opened = {name: one for name, one in found.items() if isinstance(one, Opened)}
        store = await self._open_store()
        engine = self._engine(store, self._runs)

        async def run_account(name: str, report: Report) -> None:
            if name not in opened:
                opened[name] = await self._connections.open(await self._config_of(name))
            await engine.run(self._connections.account(opened[name]), report)

        def doorbells(name: str) -> list[Listen]:
            return [calendar.listen for calendar in opened[name].calendars.values()]

        async def serve(accounts: Iterable[str]) -> None:
            poll_seconds = self._config.service.poll_seconds
            service = Service(run_account, self._clock, self._random, poll_seconds, doorbells)
            await service.run(accounts, stop)

        async def serve_discovered() -> None:
            if discovery is not None:
                await serve(await until_done(self._discover_aloud, discovery, self._clock, stop) or ())

        watchdog = Watchdog(self._connections.asking, note_beside(self._config.service.store))
        try:
            async with self._called():
                with watchdog.watching():
                    await together([serve(found), serve_discovered()])
        finally:
            await store.close()

    def _called(self) -> AbstractAsyncContextManager[None]:
        """Let servers call, where they can reach us. Raises ConfigError."""
        endpoint, at = self._connections.endpoint, self._config.service.listen
        return nullcontext() if endpoint is None else serving(endpoint, at.host, at.port)

    async def _open_accounts(self, wanted: str | None) -> dict[str, Opened | Exception]:
        """Open the wanted accounts' calendars, or raise what a person must mend before anything is written.

        One whose server cannot be reached now is told as its Retry; one that was discovered, as whatever is in its
        way: nobody has written it down wrongly. Raises what is in the way of discovery.
        """
        if wanted is not None and wanted in self._config.accounts:
            found = await self._try_accounts([self._config.accounts[wanted]])
        elif wanted is not None and self._config.discover is None:
            raise self._unknown(wanted)
        else:
            found = await self._try_accounts(self._config.accounts.values())  # their calendars are not discovered
            found |= await self._try_accounts((await self._discover()).values())
        if wanted is not None and wanted not in found:
            raise self._unknown(wanted)
        opened = {name: one for name, one in found.items() if wanted in {None, name}}
        written = [one for name, one in opened.items() if name in self._config.accounts]
        _refuse([one for one in written if isinstance(one, Exception) and not isinstance(one, Retry)])
        return opened

    def _unknown(self, account: str) -> ConfigError:
        known = ", ".join(self._accounts) or "none"
        return ConfigError([f"{self._config.path}: there is no account {account!r}; accounts are: {known}"])

    async def _try_accounts(self, configs: Iterable[AccountConfig]) -> dict[str, Opened | Exception]:
        """Open accounts' calendars; one that cannot be opened is told as its error."""
        configs = list(configs)
        found = await asyncio.gather(
            *(self._connections.open(config) for config in configs), return_exceptions=True
        )
        names = (config.name for config in configs)
        return {name: one for name, one in zip(names, found, strict=True) if isinstance(one, Opened | Exception)}

    async def _discover(self) -> Mapping[str, AccountConfig]:
        """Return the accounts that are discovered. Raises LoginError, ConfigError, Retry, PluginError."""
        if self._config.discover is None:
            return {}
        written, known = self._config.accounts, await self._runs.all()
        self._discovery = Discovery(self._config.discover, self._connections, written, known)
        found = await self._discovery.find()
        self.discovered = [one.told for one in found]
        accounts = accounts_of(found)
        self._accounts = {**written, **accounts}
        return accounts

    async def _config_of(self, name: str) -> AccountConfig:
        """Return an account to be opened. Where its address is not sure yet, that is looked for."""
        config = self._accounts[name]
        return config if self._discovery is None else await self._discovery.again(config)

    async def _open_store(self) -> SqliteStore:
        """Open the store, free the leases that processes of this machine took into death, and read their note."""
        store = await SqliteStore.open(self._config.service.store)
        try:
            await self._take_note(store)
            note_beside(self._config.service.store).unlink(missing_ok=True)
            for holder in await store.holders():
                if is_dead(holder):
                    await store.expire(holder)
        except BaseException:
            await store.close()
            raise
        return store

    async def _take_note(self, store: Store) -> None:
        """Take over what the watchdog of an earlier process noted."""
        note = read_note(note_beside(self._config.service.store))
        if note is not None:
            await store.add_hang(note.account, note.hang)

    def _engine(self, store: Store, runs: Runs) -> Engine:
        return Engine(store, runs, self._clock, self._random, this_process(self._random))

    async def _discover_aloud(self) -> Mapping[str, AccountConfig]:
        """Discover, and tell the log what came of it, without an address."""
        known = await self._runs.all()
        accounts = await self._discover()
        if self._config.discover is not None:
            log.info(
                "discovered %d accounts, left out %d people", len(accounts), len(self.discovered) - len(accounts)
            )
        for line in left_behind(self.discovered, known):
            log.warning("%s", line)
        return accounts

    async def _plan_one(self, engine: Engine, found: Opened | Exception) -> AccountPlan:
        report = Report()
        try:
            if isinstance(found, Exception):
                raise found  # noqa: TRY301 - told like every other failure of the account
            await engine.run(self._connections.account(found), report, write=False)
        except Exception as error:  # noqa: BLE001 - a bug in one account's plugin must not stop the others
            return AccountPlan(None, reason(error))
        return AccountPlan(report.plan, None, report.rebuild)

    async def _sync_one(
        self, store: Store, found: Opened | Exception, progress: Callable[[int, int], None] | None
    ) -> AccountResult:
        report = Report()
        try:
            if isinstance(found, Exception):
                raise found  # noqa: TRY301 - told like every other failure of the account
            engine = self._engine(store, self._runs)
            await engine.run(self._connections.account(found), report, progress=progress)
        except Exception as error:  # noqa: BLE001 - as in _plan_one
            return _result(report, reason(error))
        return _result(report, None)

    async def _check_accounts(
        self, accounts: Mapping[str, AccountConfig], broken: Collection[str], *, try_writes: bool
    ) -> list[CheckResult]:
        """Check the accounts whose connections work."""
        return [
            result
            for name, account in accounts.items()
            if _connections_of(account).isdisjoint(broken)
            for result in _checked(f"account {name}", await self._check_account(account, try_writes=try_writes))
        ]

    async def _check_account(self, config: AccountConfig, *, try_writes: bool) -> Sequence[Finding]:
        try:
            opened = await self._connections.open(config)
            findings: list[Finding] = []
            for side, calendar in opened.calendars.items():
                provider = self._connections.provider(config.side(side).connection)
                writes = config.direction.writes(side)
                if try_writes and writes:
                    findings.extend(await provider.try_writes(calendar))
                found = await provider.check_calendar(calendar)
                findings.extend(_where_writable(found, writes=writes))
        except CalsyncError as error:
            return [Finding("error", line) for line in _lines(error)]
        return findings


def _lines(error: CalsyncError) -> Sequence[str]:
    return str(error).splitlines()


def _connections_of(account: AccountConfig) -> set[str]:
    return {account.left.connection, account.right.connection}


def _refuse(problems: Sequence[Exception]) -> None:
    """Raise the problems, each once: accounts of one connection have the same."""
    each = {str(problem): problem for problem in problems}
    if len(each) > 1:
        raise ExceptionGroup("accounts", list(each.values()))
    for problem in each.values():
        raise problem


def _where_writable(findings: Sequence[Finding], *, writes: bool) -> list[Finding]:
    """Return a calendar's findings; what is in the way of writing is no obstacle on a side that is only read."""
    if writes:
        return list(findings)
    return [Finding("warning", one.message) if one.severity == "error" else one for one in findings]


def _checked(scope: str, findings: Sequence[Finding]) -> list[CheckResult]:
    if not findings:
        return [CheckResult(scope, "ok", "works")]
    return [
        CheckResult(scope, finding.severity, finding.message.removeprefix(f"{scope}: ")) for finding in findings
    ]


def _for_account(progress: Callable[[str, int, int], None] | None, name: str) -> Callable[[int, int], None] | None:
    if progress is None:
        return None
    return lambda done, total: progress(name, done, total)


def _result(report: Report, error: str | None) -> AccountResult:
    """Return what a run did, also one that ended with an error: its writes are done all the same."""
    messages = [
        Message(*key, count, done=notices is report.remarks)
        for notices in (report.notices, report.remarks)
        for key, count in sorted(notices.items())
    ]
    return AccountResult(
        left=report.counts[Side.LEFT],
        right=report.counts[Side.RIGHT],
        ok=error is None,
        error=error,
        messages=tuple(messages),
    )
