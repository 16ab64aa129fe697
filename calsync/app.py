"""The one place where everything is put together, from a configuration file."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from calsync.backups import back_up_store, restore_store, rotate_key
from calsync.checking import Checking
from calsync.config import new_key
from calsync.connections import Connections, Opened
from calsync.desk import Audit, Explaining, Known, People, Showing
from calsync.desk.accounts import Accounts
from calsync.desk.decisions import decide, waiting
from calsync.engine import Confirmation, Engine, Report, Undone
from calsync.errors import ConfigError, Retry, SwitchedOff, reason
from calsync.forgetting import forget_old
from calsync.holder import this_process
from calsync.http import HttpFactory
from calsync.leaving import erase_account, exported, forget_sign_ins, write_export
from calsync.loading import load
from calsync.metrics import Metrics
from calsync.moving import copy_store
from calsync.plan_file import Planned, read_plans, write_plans
from calsync.ports import SystemClock
from calsync.preview import copied
from calsync.records import AuditEntry, Selection
from calsync.results import (
    AccountPlan,
    AccountResult,
    CheckResult,
    Discovered,
    Erased,
    Left,
    Message,
    SyncResult,
)
from calsync.roster import Roster
from calsync.running import Running, refuse
from calsync.service import Chronicle
from calsync.store import FileRuns, MemoryRuns
from calsync.stores import store_of
from calsync.sync.model import Side
from calsync.takeover import open_store
from calsync.workers.running import DeferredRunning, WorkerRunning

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from calsync.config import Config
    from calsync.desk.decisions import Case
    from calsync.engine import Account
    from calsync.ports import CalendarRequest, Clock, DeviceCode, Provider
    from calsync.records import Runs, Store
    from calsync.store import SqlStore
    from calsync.sync.approved import Approved
    from calsync.sync.choices import Choice
    from calsync.sync.model import Direction

AT_ONCE = 8
"""Accounts that `calsync sync` runs at the same time."""


class App:
    """A loaded configuration with its plugins and connections."""

    def __init__(
        self, config: Config, connections: Connections, clock: Clock, random: SystemRandom, metrics: Metrics
    ) -> None:
        self._config = config
        self._metrics = metrics
        self._connections = connections
        self._clock = clock
        self._random = random
        self._runs = FileRuns(config.service.store.with_name(f"{config.service.store.name}.runs"))
        self._roster = Roster(config, connections, self._runs)

    @property
    def discovered(self) -> Sequence[Discovered]:
        """Everybody whom discovery looked at, once accounts have been opened."""
        return self._roster.discovered

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, *, clock: Clock | None = None) -> AsyncIterator[App]:
        """Read and validate a configuration and load its plugins. No request is sent yet.

        Raises ConfigError, PluginError.
        """
        config, loaded = load(path)
        clock, random = clock or SystemClock(), SystemRandom()
        metrics = Metrics(clock)
        connections = Connections(config, loaded, clock, random, HttpFactory(clock, metrics.answered))
        try:
            yield cls(config, connections, clock, random, metrics)
        finally:
            await connections.close()

    async def check(self, *, try_writes: bool = False) -> list[CheckResult]:
        """Sign in to every connection, open every calendar, and tell everything that was found.

        `try_writes`: providers may also write something of their own to the calendars that are written to, and
        take it away again, where nothing else shows what they can do.
        """
        return await Checking(self._config, self._connections, self._roster, try_writes=try_writes).everything()

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

    async def unused(self, provider: str, calendar: str | None) -> tuple[Provider, CalendarRequest]:
        """Sign in, and say how a calendar of a provider is opened, of an account that has never been synced.

        `calendar`: an account and its side, as `anna.left`. Raises ConfigError for none, for an unknown one or one
        of another provider, and where the account was synced; LoginError, Retry.
        """
        config = self._config
        known = {
            f"{one.name}.{side}": (one, side)
            for one in config.accounts.values()
            for side in Side
            if config.connections[one.side(side).connection].provider == provider
        }
        if calendar not in known:
            named = ", ".join(known) or "none"
            problem = (
                f"{config.path}: name a calendar of the provider {provider} that may be written to, one of these"
            )
            raise ConfigError([f"{problem}: {named}"])
        one, side = known[calendar]
        if one.name in await self._runs.all():
            place = f"{config.file(one)}:{one.line}: accounts.{one.name}"
            advice = "a sync would copy what is written now; give the test calendar an account of its own"
            raise ConfigError([f"{place}: it has been synced, and {advice}"])
        connection = one.side(side).connection
        self._connections.read_anew()
        await self._connections.login(connection)
        return self._connections.provider(connection), replace(
            self._connections.request(one, side), needs=frozenset()
        )

    async def plan(self, *accounts: str | None) -> dict[str, AccountPlan]:
        """Say what a sync would do, of all accounts or of these.

        Works on copies of what is in the store, so nothing is written anywhere.
        """
        plans: dict[str, AccountPlan] = {}
        for name, one in (await self._open_accounts(*accounts)).items():
            async with copied(store_of(self._config.service), name, self._clock.now()) as store:
                plans[name] = await self._plan_one(store, one)
        return plans

    async def confirm(self, account: str, plan_hash: str, who: str) -> Confirmation:
        """Let what waits be written, if its plan is still the one that a person saw. Writes to no calendar."""
        async with self._one(account) as (store, opened, engine):
            found = await engine.confirm(opened, plan_hash)
            if found.problem is None:
                await self._note(store, who, account, "plan_confirmed", plan_hash)
            return found

    async def undo(
        self,
        account: str | None,
        plan_hash: str | None,
        who: str,
        *,
        ids: Sequence[int] = (),
        run: int | None = None,
        since: datetime | None = None,
    ) -> tuple[str, Undone]:
        """Undo writes of these numbers, of a run, or since an instant, if that does what a person saw.

        Without a hash only say what it would do. Return the account as well, which the number of a write tells.
        Raises ConfigError for writes of several accounts, or of none; and as `confirm`.
        """
        selection, report = Selection(ids=ids, run=run, since=since), Report()
        name = account or await self._account_of(selection)
        async with self._one(name) as (store, opened, engine):
            async with Chronicle(store.history, self._clock).of(name, report):
                found = await engine.undo(opened, selection, report, plan_hash)
            if plan_hash is not None and found.problem is None:
                await self._note(store, who, name, "undone", found.plan.hash)
        return name, found

    async def leave(self, account: str, remove: Side | None, plan_hash: str | None, who: str) -> Left:
        """Let an account leave calsync, if that does what a person saw; without a hash only say what it would do.

        `remove`: the side whose copies are removed. Raises as `confirm`.
        """
        report = Report()
        async with self._one(account) as (store, opened, engine):
            async with Chronicle(store.history, self._clock).of(account, report):
                found = await engine.leave(opened, remove, who, report, plan_hash)
            if plan_hash is not None and found.problem is None:
                await forget_sign_ins(self._config, account)
                await self._note(store, who, account, "left", remove)
        return Left(found, report.counts)

    @asynccontextmanager
    async def _one(self, name: str) -> AsyncIterator[tuple[SqlStore, Account, Engine]]:
        """Open an account, for a command about that one alone."""
        found = (await self._open_accounts(name))[name]
        if isinstance(found, Exception):
            raise found
        store = await open_store(store_of(self._config.service))
        try:
            account = self._connections.account(await self._connections.as_set(found, store.settings))
            yield store, account, self._engine(store, self._runs)
        finally:
            await store.close()

    async def _note(self, store: SqlStore, who: str, account: str, what: str, after: str | None) -> None:
        """Let the audit tell who did something to an account."""
        entry = AuditEntry(at=self._clock.now(), who=who, account=account, what=what, before=None, after=after)
        await store.settings.note(entry)

    async def export(self, account: str, target: Path | None) -> Mapping[str, Any]:
        """Return everything that is kept about an account; with a target, write it to that new file as well.

        Raises ConfigError for an unknown account, StoreError.
        """
        content = await exported(self._config, self._runs, account, self._clock.now())
        if target is not None:
            write_export(target, content)
        return content

    async def erase(self, account: str) -> Erased:
        """Erase an account that is switched off, while no service runs. Raises ConfigError, StoreError, Retry."""
        return await erase_account(self._config, self._runs, account)

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Accounts]:
        """Let a person set accounts. Raises StoreError."""
        store = await store_of(self._config.service).open()

        async def known() -> Collection[str]:
            return {*self._config.accounts, *await self._runs.all()}  # who is discovered is known by a run

        try:
            yield Accounts(store.settings, known, self._clock)
        finally:
            await store.close()

    async def holds(self, account: str | None) -> dict[str, Sequence[Case]]:
        """Return what waits for a person, by account. Asks no server; the store stays as it is."""
        names = [*self._config.accounts, *(await self._runs.all() if self._config.discover else ())]
        if account is not None and account not in names:
            raise self._roster.unknown(account)
        store = await store_of(self._config.service).look()
        try:
            return {
                name: await waiting(store, name, await self._direction(store, name), self._clock.now())
                for name in dict.fromkeys(names)
                if account in {None, name}
            }
        finally:
            await store.close()

    async def decide(self, account: str, names: Collection[str], choice: Choice, who: str) -> Sequence[Case]:
        """Take a person's word about what waits, and return for which cases it counts. Writes to no calendar."""
        store = await store_of(self._config.service).open()
        try:
            direction = await self._direction(store, account)
            taken = await decide(store, account, direction, names, choice, self._clock.now())
            if taken:
                await self._note(store, who, account, "decision", f"{choice}: {len(taken)}")
            return taken
        finally:
            await store.close()

    async def _direction(self, store: SqlStore, account: str) -> Direction:
        discover = self._config.discover
        known = self._config.accounts.get(account) or (discover.account if discover is not None else None)
        if known is None:
            raise self._roster.unknown(account)
        return (await store.settings.get(account)).direction or known.direction

    async def backup(self, target: Path | None) -> Path:
        """Copy the store, also while others work on it, and return where the copy is. Raises StoreError."""
        return await back_up_store(self._config.service, target, self._clock.now())

    async def restore(self, backup: Path) -> Path | None:
        """Put a backup in the store's place; every account then waits for a person. Return where it is kept.

        Raises StoreError for what is no backup, and while another calsync works on the store.
        """
        accounts = self._config.accounts
        return await restore_store(self._config.service, backup, accounts, self._clock.now())

    async def copy_store(self, source: Path) -> Mapping[str, int]:
        """Copy the store of another configuration into this one's, which is empty; return the rows by table.

        Raises ConfigError, StoreError.
        """
        other, _ = load(source)
        return await copy_store(other.service, self._config.service)

    async def rotate_key(self, new: str) -> int:
        """Encrypt what connections keep with another key, written as `service.key` is; return how much there is.

        Raises ConfigError where there is no present key or `new` is none; StoreError, also while a service runs.
        """
        config, key = self._config, self._config.service.key
        if key is None:
            raise ConfigError([f"{config.path}: service.key: is missing, so nothing is encrypted"])
        return await asyncio.to_thread(rotate_key, store_of(config.service), key, new_key(new))

    @property
    def address(self) -> str:
        """Where people find the pages. Raises ConfigError where there are none."""
        if self._config.web is None:
            raise ConfigError([f"{self._config.path}: there are no pages; add a section `web: {{}}`"])
        at = self._config.service.listen
        return self._config.service.public_url or f"http://{at.host}:{at.port}"

    @asynccontextmanager
    async def people(self) -> AsyncIterator[People]:
        """Open the list of those who may use the pages. Raises ConfigError, StoreError."""
        # Who is discovered now is not asked for, but who has been run before is known.
        ran = await self._runs.all() if self._config.discover is not None else {}
        known = {*self._config.accounts, *ran}
        store = await store_of(self._config.service).open()
        try:
            yield People(store.people, self._clock, lambda: known, Audit(store.settings, self._clock))
        finally:
            await store.close()

    @asynccontextmanager
    async def showing(self) -> AsyncIterator[Showing]:
        """Open what people may see. Asks no server; a store that is not there yet stays so. Raises StoreError."""
        async with self._looking() as (showing, _):
            yield showing

    @asynccontextmanager
    async def explaining(self) -> AsyncIterator[Explaining]:
        """Open what people may learn of single appointments, as `showing`."""
        async with self._looking() as (_, explaining):
            yield explaining

    @asynccontextmanager
    async def _looking(self) -> AsyncIterator[tuple[Showing, Explaining]]:
        store = await store_of(self._config.service).show()
        accounts = dict(self._config.accounts)
        if self._config.discover is not None:  # who is discovered now is not asked for
            for name in (await self._runs.all()).keys() - accounts.keys():
                accounts[name] = replace(self._config.discover.account, name=name)
        connections = self._connections
        served = Known(accounts=lambda: accounts, systems=connections.systems, chain=connections.chain)
        try:
            audit = Audit(store.settings, self._clock)
            people = People(store.people, self._clock, lambda: accounts, audit)
            showing = Showing(store, people, self._clock, served)
            yield showing, Explaining(store, showing, served)
        finally:
            await store.close()

    async def sync(
        self,
        account: str | None,
        progress: Callable[[str, int, int], None] | None = None,
        *,
        plan: Path | None = None,
        who: str = "",
    ) -> SyncResult:
        """Run each account once, or carry out the plans of a file, which `who` has approved.

        Raises LoginError, AccountError, ConfigError before anything is written.
        """
        started = time.monotonic()
        approved = {} if plan is None else _chosen(plan, account)
        opened = await self._open_accounts(*(approved or [account]))
        store = await open_store(store_of(self._config.service))
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(name: str, found: Opened | Exception) -> AccountResult:
            async with slots:
                wanted = approved.get(name)
                result = await self._sync_one(store, name, found, wanted, _for_account(progress, name))
                if (
                    wanted is not None
                    and not result.off
                    and (result.ok or result.left.writes + result.right.writes)
                ):
                    await self._note(store, who, name, "plan_applied", wanted.hash)
                return result

        try:
            await forget_old(store, self._clock)
            results = await asyncio.gather(*(one(name, found) for name, found in opened.items()))
        finally:
            await store.close()
        accounts = dict(zip(opened, results, strict=True))
        return SyncResult(time.monotonic() - started, self._connections.http.requests(), accounts)

    async def run(self, stop: asyncio.Event, reload: asyncio.Event, *, deferred: bool = False) -> None:
        """Serve all accounts until `stop` is set. Read the configuration anew whenever `reload` is.

        `deferred`: their runs are done by workers. Raises as `Running.serve`.
        """
        running = (DeferredRunning if deferred else Running)(
            self._config, self._connections, self._roster, self._clock, self._random, self._runs, self._metrics
        )
        await running.serve(stop, reload)

    async def work(self, stop: asyncio.Event, reload: asyncio.Event, at_once: int) -> None:
        """Do the runs of accounts whose turn it is, so many at once, until `stop` is set. Raises as `run`."""
        running = WorkerRunning(
            self._config, self._connections, self._roster, self._clock, self._random, self._runs, self._metrics
        )
        running.at_once = at_once
        await running.serve(stop, reload)

    def write_plans(self, path: Path, plans: Mapping[str, AccountPlan]) -> None:
        """Keep plans in a new file. Raises ConfigError where one is there already; StoreError."""
        made = {name: one.made for name, one in plans.items() if one.made is not None}
        write_plans(path, made, self._clock.now())

    async def _open_accounts(self, *wanted: str | None) -> dict[str, Opened | Exception]:
        """Open the wanted accounts' calendars, or raise what a person must mend before anything is written.

        One whose server cannot be reached now is told as its Retry; one that was discovered, as whatever is in its
        way: nobody has written it down wrongly. So is one of the second file.
        Raises what is in the way of discovery.
        """
        opened = await self._roster.open([name for name in wanted if name is not None])
        written = [opened[name] for name in self._roster.operators if name in opened]
        refuse([one for one in written if isinstance(one, Exception) and not isinstance(one, Retry)])
        return opened

    async def _account_of(self, selection: Selection) -> str:
        """Return the account that some writes belong to. Raises ConfigError where it is not one."""
        store = await open_store(store_of(self._config.service))
        try:
            found = await store.accounts_of(selection.ids)
        finally:
            await store.close()
        if len(found) != 1:
            numbers = ", ".join(map(str, selection.ids))
            which = f"belong to several accounts: {', '.join(found)}" if found else "are not known, or too old"
            raise ConfigError([f"the writes {numbers} {which}; `calsync activity` shows the numbers"])
        return found[0]

    def _engine(self, store: Store, runs: Runs) -> Engine:
        return Engine(store, runs, self._clock, self._random, this_process(self._random))

    async def _plan_one(self, store: Store, found: Opened | Exception) -> AccountPlan:
        report = Report()
        try:
            if isinstance(found, Exception):
                raise found  # noqa: TRY301 - told like every other failure of the account
            account = self._connections.account(await self._connections.as_set(found, store.settings))
            engine = self._engine(store, MemoryRuns(await self._runs.all()))
            await engine.run(account, report, write=False)
        except Exception as error:  # noqa: BLE001 - a bug in one account's plugin must not stop the others
            return AccountPlan(None, reason(error))
        return AccountPlan(report.plan, None, report.rebuild, Planned(account, report))

    async def _sync_one(
        self,
        store: SqlStore,
        name: str,
        found: Opened | Exception,
        approved: Approved | None,
        progress: Callable[[int, int], None] | None,
    ) -> AccountResult:
        """Run an account once, or carry out its plan that a person has approved."""
        report, applied = Report(), None
        try:
            async with Chronicle(store.history, self._clock).of(name, report):
                if isinstance(found, Exception):
                    raise found  # noqa: TRY301 - told like every other failure of the account
                account = self._connections.account(await self._connections.as_set(found, store.settings))
                engine = self._engine(store, self._runs)
                if approved is None:
                    await engine.run(account, report, progress=progress)
                else:
                    applied = await engine.apply(account, approved, report, progress=progress)
        except SwitchedOff:
            return replace(_result(report, None), off=True)
        except Exception as error:  # noqa: BLE001 - as in _plan_one
            return _result(report, reason(error))
        if applied is None:
            return _result(report, None)
        return replace(_result(report, applied.problem), drift=applied.drift)


def _chosen(path: Path, account: str | None) -> Mapping[str, Approved]:
    """Return the plans of a file, or the one of an account. Raises ConfigError where there is none."""
    plans = read_plans(path)
    if account is not None and account not in plans:
        known = ", ".join(plans) or "none"
        raise ConfigError([f"{path}: has no plan of account {account!r}; it has those of: {known}"])
    found = {name: one for name, one in plans.items() if account in {None, name}}
    if not found:
        raise ConfigError([f"{path}: has no plan of any account"])
    return found


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
