"""The one place where everything is put together, from a configuration file."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from random import SystemRandom
from typing import TYPE_CHECKING

from calsync.backups import back_up_store, restore_store
from calsync.config import parse, validate
from calsync.connections import Connections, Opened
from calsync.engine import Confirmation, Engine, Report
from calsync.errors import CalsyncError, ConfigError, Retry, reason
from calsync.holder import is_dead, this_process
from calsync.loader import Plugins
from calsync.ports import Finding, SystemClock
from calsync.results import AccountPlan, AccountResult, CheckResult, Message, SyncResult
from calsync.service import Service
from calsync.store import FileRuns, MemoryRuns, SqliteStore
from calsync.sync.model import Side
from calsync.watchdog import Watchdog, note_beside, read_note

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from calsync.config import AccountConfig, Config
    from calsync.ports import Clock
    from calsync.records import Runs, Store
    from calsync.service import Listen

AT_ONCE = 8
"""Accounts that `calsync sync` runs at the same time."""


class App:
    """A loaded configuration with its plugins and connections."""

    def __init__(self, config: Config, connections: Connections, clock: Clock, random: SystemRandom) -> None:
        self._config = config
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
                findings = [Finding("error", line) for line in str(error).splitlines()]
            results.extend(_checked(f"connection {name}", findings))
        for name, account in self._config.accounts.items():
            if not {account.left.connection, account.right.connection} & broken:
                results.extend(
                    _checked(f"account {name}", await self._check_account(account, try_writes=try_writes))
                )
        return results

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
        if isinstance(opened, Retry):
            raise opened
        store = await self._open_store()
        try:
            return await self._engine(store, self._runs).confirm(self._connections.account(opened), plan_hash)
        finally:
            await store.close()

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

        async def one(name: str, found: Opened | Retry) -> AccountResult:
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

        An account that cannot be opened is tried again and again, whatever is in its way, and stops no other one.
        Raises ConfigError at the start, and what every account failed with where all of them need a person.
        """
        found = await self._try_accounts(None)
        problems = [one for one in found.values() if isinstance(one, Exception)]
        hopeless = len(problems) == len(found) and not any(isinstance(one, Retry) for one in problems)
        _refuse(problems if hopeless else [one for one in problems if isinstance(one, ConfigError)])
        opened = {name: one for name, one in found.items() if isinstance(one, Opened)}
        store = await self._open_store()
        engine = self._engine(store, self._runs)

        async def run_account(name: str, report: Report) -> None:
            if name not in opened:
                opened[name] = await self._connections.open(self._config.accounts[name])
            await engine.run(self._connections.account(opened[name]), report)

        def doorbells(name: str) -> list[Listen]:
            return [calendar.listen for calendar in opened[name].calendars.values()]

        service = Service(run_account, self._clock, self._random, self._config.service.poll_seconds, doorbells)
        watchdog = Watchdog(self._connections.asking, note_beside(self._config.service.store))
        try:
            with watchdog.watching():
                await service.run(self._config.accounts, stop)
        finally:
            await store.close()

    async def _open_accounts(self, wanted: str | None) -> dict[str, Opened | Retry]:
        """Open the wanted accounts' calendars, or raise what a person must mend before anything is written.

        One whose server cannot be reached now is told as its Retry.
        """
        found = await self._try_accounts(wanted)
        _refuse([one for one in found.values() if isinstance(one, Exception) and not isinstance(one, Retry)])
        return {name: one for name, one in found.items() if isinstance(one, Opened | Retry)}

    async def _try_accounts(self, wanted: str | None) -> dict[str, Opened | Exception]:
        """Open the wanted accounts' calendars; one that cannot be opened is told as its error."""
        configs = self._wanted(wanted)
        found = await asyncio.gather(
            *(self._connections.open(config) for config in configs), return_exceptions=True
        )
        names = (config.name for config in configs)
        return {name: one for name, one in zip(names, found, strict=True) if isinstance(one, Opened | Exception)}

    def _wanted(self, account: str | None) -> list[AccountConfig]:
        if account is None:
            return list(self._config.accounts.values())
        if account not in self._config.accounts:
            known = ", ".join(self._config.accounts) or "none"
            raise ConfigError([f"{self._config.path}: there is no account {account!r}; accounts are: {known}"])
        return [self._config.accounts[account]]

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

    async def _plan_one(self, engine: Engine, found: Opened | Retry) -> AccountPlan:
        report = Report()
        try:
            if isinstance(found, Retry):
                raise found  # noqa: TRY301 - told like every other failure of the account
            await engine.run(self._connections.account(found), report, write=False)
        except Exception as error:  # noqa: BLE001 - a bug in one account's plugin must not stop the others
            return AccountPlan(None, reason(error))
        return AccountPlan(report.plan, None, report.rebuild)

    async def _sync_one(
        self, store: Store, found: Opened | Retry, progress: Callable[[int, int], None] | None
    ) -> AccountResult:
        report = Report()
        try:
            if isinstance(found, Retry):
                raise found  # noqa: TRY301 - told like every other failure of the account
            engine = self._engine(store, self._runs)
            await engine.run(self._connections.account(found), report, progress=progress)
        except Exception as error:  # noqa: BLE001 - as in _plan_one
            return _result(report, reason(error))
        return _result(report, None)

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
            return [Finding("error", line) for line in str(error).splitlines()]
        return findings


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
