"""The one place where everything is put together, from a configuration file."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from calsync.backups import back_up_store, restore_store, rotate_key
from calsync.checking import Checking
from calsync.config import new_key
from calsync.connections import Connections
from calsync.desk import Audit, Explaining, People, Showing
from calsync.desks import Desks
from calsync.engine import Confirmation, Report, Undone
from calsync.errors import ConfigError
from calsync.http import HttpFactory
from calsync.leaving import erase_account, exported, forget_sign_ins, write_export
from calsync.loading import load
from calsync.metrics import Metrics
from calsync.moving import copy_store
from calsync.once import Once
from calsync.plan_file import write_plans
from calsync.ports import SystemClock
from calsync.records import Selection
from calsync.results import AccountPlan, CheckResult, Discovered, Erased, Left, SyncResult
from calsync.roster import Roster
from calsync.running import Running
from calsync.service import Chronicle
from calsync.store import FileRuns
from calsync.stores import store_of
from calsync.sync.model import Side
from calsync.takeover import open_store
from calsync.values import replace
from calsync.workers.running import DeferredRunning, WorkerRunning

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from calsync.config import Config
    from calsync.desk.accounts import Accounts
    from calsync.desk.decisions import Case
    from calsync.ports import CalendarRequest, Clock, DeviceCode, Provider
    from calsync.sync.choices import Choice


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
        self._once = Once(config, connections, self._roster, self._runs, clock, random)
        self._desks = Desks(config, connections, self._roster, self._runs, clock)

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
        """Say what a sync would do, of all accounts or of these. Nothing is written anywhere. Raises as `sync`."""
        return await self._once.plan(*accounts)

    async def confirm(self, account: str, plan_hash: str, who: str) -> Confirmation:
        """Let what waits be written, if its plan is still the one that a person saw. Writes to no calendar."""
        async with self._once.one(account) as (store, opened, engine):
            found = await engine.confirm(opened, plan_hash)
            if found.problem is None:
                await Audit(store.settings, self._clock).note_by(who, "plan_confirmed", plan_hash, account=account)
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
        async with self._once.one(name) as (store, opened, engine):
            async with Chronicle(store.history, self._clock).of(name, report):
                found = await engine.undo(opened, selection, report, plan_hash)
            if plan_hash is not None and found.problem is None:
                await Audit(store.settings, self._clock).note_by(who, "undone", found.plan.hash, account=name)
        return name, found

    async def leave(self, account: str, remove: Side | None, plan_hash: str | None, who: str) -> Left:
        """Let an account leave calsync, if that does what a person saw; without a hash only say what it would do.

        `remove`: the side whose copies are removed. Raises as `confirm`.
        """
        report = Report()
        async with self._once.one(account) as (store, opened, engine):
            async with Chronicle(store.history, self._clock).of(account, report):
                found = await engine.leave(opened, remove, who, report, plan_hash)
            if plan_hash is not None and found.problem is None:
                await Audit(store.settings, self._clock).note_by(who, "left", remove, account=account)
                await forget_sign_ins(self._config, account)
        return Left(found, report.counts)

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

    def desk(self) -> AbstractAsyncContextManager[Accounts]:
        """Let a person set accounts. Raises StoreError."""
        return self._desks.accounts()

    async def holds(self, account: str | None) -> dict[str, Sequence[Case]]:
        """Return what waits for a person, by account. Asks no server; the store stays as it is."""
        return await self._desks.holds(account)

    async def decide(self, account: str, names: Collection[str], choice: Choice, who: str) -> Sequence[Case]:
        """Take a person's word about what waits, and return for which cases it counts. Writes to no calendar."""
        return await self._desks.decide(account, names, choice, who)

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
        service = self._config.service
        return service.public_url or service.listen.url

    def people(self) -> AbstractAsyncContextManager[People]:
        """Open the list of those who may use the pages. Raises ConfigError, StoreError."""
        return self._desks.people()

    def showing(self) -> AbstractAsyncContextManager[Showing]:
        """Open what people may see. Asks no server; a store that is not there yet stays so. Raises StoreError."""
        return self._desks.showing()

    def explaining(self) -> AbstractAsyncContextManager[Explaining]:
        """Open what people may learn of single appointments, as `showing`."""
        return self._desks.explaining()

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
        return await self._once.sync(account, progress, plan=plan, who=who)

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
