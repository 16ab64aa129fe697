"""Runs that somebody asks for at a terminal: each account once, or one alone, and what they would do."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from calsync.desk import Audit
from calsync.engine import Engine, Report
from calsync.engine.together import together
from calsync.errors import ConfigError, Retry, StoreError, SwitchedOff, reason
from calsync.forgetting import forget_old
from calsync.holder import this_process
from calsync.plan_file import Planned, read_plans
from calsync.preview import copied
from calsync.results import AccountPlan, AccountResult, Message, SyncResult
from calsync.running import refuse
from calsync.service import Chronicle
from calsync.store import FileRuns, MemoryRuns
from calsync.stores import store_of
from calsync.sync.model import Side
from calsync.takeover import open_store
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path
    from random import Random

    from calsync.config import Config
    from calsync.connections import Connections, Opened
    from calsync.engine import Account
    from calsync.ports import Clock
    from calsync.records import Runs, Store
    from calsync.roster import Roster
    from calsync.store import SqlStore
    from calsync.sync.approved import Approved

AT_ONCE = 8
"""Accounts that `calsync sync` runs at the same time."""


class Once:
    """Runs the accounts of a configuration once, in this process."""

    def __init__(
        self,
        config: Config,
        connections: Connections,
        roster: Roster,
        runs: FileRuns,
        clock: Clock,
        random: Random,
    ) -> None:
        self._config = config
        self._connections = connections
        self._roster = roster
        self._runs = runs
        self._clock = clock
        self._random = random

    async def plan(self, *accounts: str | None) -> dict[str, AccountPlan]:
        """Say what a sync would do, of all accounts or of these.

        Works on copies of what is in the store, so nothing is written anywhere.
        """
        plans: dict[str, AccountPlan] = {}
        for name, one in (await self._open_accounts(*accounts)).items():
            async with copied(store_of(self._config.service), name, self._clock.now()) as store:
                plans[name] = await self._plan_one(store, one)
        return plans

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
                return result if wanted is None else await self._noted(store, name, wanted, result, who)

        try:
            await forget_old(store, self._clock)
            results = await together(one(name, found) for name, found in opened.items())
        finally:
            await store.close()
        accounts = dict(zip(opened, results, strict=True))
        return SyncResult(time.monotonic() - started, self._connections.http.requests(), accounts)

    @asynccontextmanager
    async def one(self, name: str) -> AsyncIterator[tuple[SqlStore, Account, Engine]]:
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

    async def _noted(
        self, store: SqlStore, name: str, approved: Approved, result: AccountResult, who: str
    ) -> AccountResult:
        """Tell the audit whose plan was carried out, if any of it was."""
        if not result.off and (result.ok or result.left.writes + result.right.writes):
            audit = Audit(store.settings, self._clock)
            try:
                await audit.note_by(who, "plan_applied", approved.hash, account=name)
            except StoreError as error:
                return replace(result, ok=False, error=result.error or reason(error))
        return result


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
