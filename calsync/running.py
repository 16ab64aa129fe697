"""What `calsync run` does: it serves all accounts until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from calsync.connections import Opened
from calsync.desk import Known
from calsync.desk.accounts import Accounts
from calsync.discovery import until_done
from calsync.engine import Engine, Report
from calsync.engine.together import together
from calsync.errors import CalsyncError, ConfigError, LoginError, Retry, StoreError, reason
from calsync.holder import this_process
from calsync.preview import copied
from calsync.records import Setting
from calsync.reloading import load_again
from calsync.served import Served
from calsync.service import Chronicle
from calsync.store import MemoryRuns
from calsync.supervisor import Supervisor
from calsync.takeover import open_store
from calsync.watchdog import Watchdog, note_beside
from calsync.web import health_routes, metrics_routes, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Collection, Iterable, Mapping, Sequence
    from random import Random

    from calsync.config import AccountConfig, Config
    from calsync.connections import Connections
    from calsync.engine import Account
    from calsync.metrics import Metrics
    from calsync.ports import Clock
    from calsync.records import Settings
    from calsync.roster import Roster
    from calsync.service import Status
    from calsync.store import FileRuns, SqliteStore
    from calsync.web.site import Site

SETTINGS_SECONDS = 5.0
"""How often the service looks whether another process has set an account."""
log = logging.getLogger("calsync.service")


class Running:
    """A configuration that is served, and read anew when somebody asks."""

    served: Served
    """Once `serve` has opened the store."""

    def __init__(
        self,
        config: Config,
        connections: Connections,
        roster: Roster,
        clock: Clock,
        random: Random,
        runs: FileRuns,
        metrics: Metrics,
    ) -> None:
        self._config = config
        self._connections = connections
        self._roster = roster
        self._clock = clock
        self._random = random
        self._runs = runs
        self._metrics = metrics
        self._supervisor = Supervisor(clock)
        self._began = False
        """The accounts are served."""
        self._people = asyncio.Event()
        """Everybody is to be discovered anew."""
        self._changing = asyncio.Lock()
        """Held while accounts leave and come."""

    async def serve(self, stop: asyncio.Event, reload: asyncio.Event) -> None:
        """Serve all accounts until `stop` is set. Read the configuration anew whenever `reload` is.

        An account that cannot be opened is tried again and again, whatever is in its way, and stops no other one;
        so is discovery, until it has succeeded once.
        Raises ConfigError at the start, and what every account failed with where all of them need a person.
        """
        self._reload = reload
        self._tell_ignored()
        service = self._config.service
        self._store = store = await open_store(service.store)
        try:
            self._settings: Settings = store.settings
            self.served = self._serving(store)
            waiting = self._connections.http.waiting
            self._metrics.look_at(self.served.service, waiting, lambda: len(asyncio.all_tasks()))
            async with self._supervisor.watched(), self._reached(store) as site:
                found, discovery = await self._first()
                with Watchdog(self._connections.asking, note_beside(service.store)).watching():
                    await self.served.begin({name: self._roster.account(name) for name in found}, found)
                    self._began = True
                    self._supervisor.ready()
                    works = [self._reloads(stop), self._discoveries(discovery, stop), self._look(stop)]
                    if site is not None:
                        works.append(_until(stop, site.live(self.served.service.board.changes())))
                    await together([self.served.service.run(stop), *works, self._tell_the_end(stop)])
        finally:
            await store.close()

    def _serving(self, store: SqliteStore) -> Served:
        engine = Engine(store, self._runs, self._clock, self._random, this_process(self._random))
        return Served(
            engine,
            store.settings,
            Chronicle(store.history, self._clock),
            self._metrics,
            self._connections,
            self._roster,
            self._clock,
            self._random,
            self._config.service.poll_seconds,
            self._planned,
        )

    async def _planned(self, account: Account) -> Report:
        """Say what a run would do, on a copy of what the account has in the store."""
        report = Report()
        async with copied(self._config.service.store, account.name, self._clock.now()) as store:
            runs = MemoryRuns(await self._runs.all())
            engine = Engine(store, runs, self._clock, self._random, this_process(self._random))
            await engine.run(account, report, write=False)
        return report

    def request_reload(self) -> None:
        """Have the configuration read anew, as SIGHUP does."""
        self._reload.set()

    @property
    def accounts(self) -> Accounts:
        """What people do with the accounts that are served, heeded at once."""
        return Accounts(self._settings, self._names, self._clock, self.served.service.wake)

    async def _names(self) -> Collection[str]:
        return self.served.known.keys()

    async def _first(self) -> tuple[Mapping[str, Opened | Exception], CalsyncError | None]:
        """Open all accounts, and discover, as far as possible; return what is in the way of discovery, too."""
        found = await self._roster.try_open(self._roster.written.values())
        written = {name: found[name] for name in self._roster.operators if name in found}
        discovery: CalsyncError | None = None
        try:
            found |= await self._roster.try_open((await self._roster.discover_aloud()).values())
        except CalsyncError as error:
            discovery = error
        problems = [one for one in (*found.values(), discovery) if isinstance(one, Exception)]
        # What people have added on the pages is mended there, so the pages must be there.
        hopeless = len(written) == len(self._roster.written) and not any(
            isinstance(one, Opened | Retry) for one in (*found.values(), discovery)
        )
        refuse(problems if hopeless else [one for one in written.values() if isinstance(one, ConfigError)])
        return found, discovery

    async def _reloads(self, stop: asyncio.Event) -> None:
        """Read the configuration anew whenever somebody asks: once for all who ask meanwhile."""
        while await _first_of(self._reload, stop) is self._reload:
            self._reload.clear()
            self._supervisor.reloading()
            try:
                await self._take_over_configuration()
            except Exception as error:  # noqa: BLE001 - also a bug in a plugin must not stop those who are served
                for line in reason(error).splitlines():
                    log.error("the configuration is not taken over: %s", line)  # noqa: TRY400 - nobody's bug
            finally:
                self._supervisor.ready()

    async def _take_over_configuration(self) -> None:
        """Read the file anew, and take it over: who is the same in it is not touched.

        Whatever raises, raises before anybody is touched.
        """
        config, loaded = await load_again(self._config)
        fresh = self._connections.prepare(config, loaded)
        async with self._changing:
            known, wanted = self.served.configs, dict(config.accounts)
            if config.discover is not None and config.discover == self._config.discover:
                wanted = {name: one for name, one in known.items() if name not in self._config.accounts} | wanted
            left = await self.served.part_with(wanted, self._connections.stale(config))
            other_rules = config.rules != self._config.rules
            await self._connections.adopt(fresh)
            self._roster.adopt(config)
            self._config, self.served.service.poll_seconds = config, config.service.poll_seconds
            self._tell_ignored()
            gc.collect()  # who left is held by cycles, and collections are made seldom (calsync.cli.main)
            came = await self.served.begin_written()
        log.info("the configuration was read anew: %d accounts left or changed, %d began", left, came)
        for account in self.served.configs if other_rules else ():
            self.served.service.wake(account, "other rules")
        if config.discover is not None:
            self._people.set()

    def _tell_ignored(self) -> None:
        for one in self._config.ignored:
            for line in one.problems:
                log.warning("left out: %s", line)

    async def _discoveries(self, failed: CalsyncError | None, stop: asyncio.Event) -> None:
        """Discover whenever the configuration was read anew, and again and again where that has failed."""
        if failed is not None:
            await self._take_over_people(await until_done(self._roster.discover_aloud, failed, self._clock, stop))
        while await _first_of(self._people, stop) is self._people:
            self._people.clear()
            found: Mapping[str, AccountConfig] | None
            try:
                found = await self._roster.discover_aloud()
            except CalsyncError as error:
                found = await until_done(self._roster.discover_aloud, error, self._clock, stop)
            await self._take_over_people(found)

    async def _take_over_people(self, found: Mapping[str, AccountConfig] | None) -> None:
        """Serve the accounts that were discovered; None: nobody knows who they are."""
        async with self._changing:
            if found is None:
                return
            if self._people.is_set():  # they are discovered anew, by another configuration
                for name in found.keys() - self.served.configs.keys():
                    self._connections.release(name)
                return
            await self.served.part_with({**found, **self._config.accounts})
            await self.served.begin(found)

    async def _look(self, stop: asyncio.Event) -> None:
        """Wake the accounts that another process has set."""
        before: Mapping[str, Setting] | None = None
        while not stop.is_set():
            with suppress(StoreError):  # it is told by every run
                now = await self._settings.all()
                for account in _set_otherwise(now if before is None else before, now):
                    self.served.service.wake(account, "it was set")
                before = now
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), SETTINGS_SECONDS)

    async def _tell_the_end(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._supervisor.stopping()

    @asynccontextmanager
    async def _reached(self, store: SqliteStore) -> AsyncIterator[Site | None]:
        """Let servers and people call, where they can reach us. Raises ConfigError."""
        endpoint, at, web = self._connections.endpoint, self._config.service.listen, self._config.web
        if endpoint is None and web is None:
            yield None
            return
        # Templates and dates are needed for pages only.
        from calsync.pages import Work, disabled, site_of  # noqa: PLC0415

        token = None if web is None else web.metrics_token
        routes = [
            *([] if endpoint is None else endpoint.routes()),
            *health_routes(self._problems, token),
            *metrics_routes(self._metrics.text, token),
        ]
        board, systems = self.served.service.board, self._connections.systems
        known = Known(
            accounts=lambda: self.served.known,
            systems=systems,
            board=board,
            disabled=lambda: [disabled(one) for one in self._config.ignored],
        )
        work = Work(self.accounts, self.served, self._runs.all, self.request_reload, self._connections.http)
        with site_of(self._config, store, self._clock, known, work, self._metrics.signed_in) as site:
            async with serving(routes, at.host, at.port, site):
                yield site

    async def _problems(self) -> Sequence[str]:
        """Say what is in the way of working, each thing once."""
        if not self._began:
            return ["calsync is starting"]
        problems = [*self._connections.unready(), *lost(self.served.service.board.all())]
        try:
            await self._store.expect_writable()
        except StoreError as error:
            problems.insert(0, str(error))
        return list(dict.fromkeys(problems))


def lost(statuses: Iterable[Status]) -> list[str]:
    """Return the problems of accounts that are not the account's own: a sign-in or the store is lost."""
    names = {LoginError.__name__, StoreError.__name__}
    return [one.error for one in statuses if one.error is not None and one.error_class in names]


def refuse(problems: Sequence[Exception]) -> None:
    """Raise the problems, each once: accounts of one connection have the same."""
    each = {str(problem): problem for problem in problems}
    if len(each) > 1:
        raise ExceptionGroup("accounts", list(each.values()))
    for problem in each.values():
        raise problem


def _set_otherwise(before: Mapping[str, Setting], now: Mapping[str, Setting]) -> Iterable[str]:
    """Yield the accounts whose switch or direction is another one."""
    for account, setting in now.items():
        known = before.get(account, Setting())
        if (setting.enabled, setting.direction) != (known.enabled, known.direction):
            yield account


async def _first_of(event: asyncio.Event, stop: asyncio.Event) -> asyncio.Event:
    """Wait until one of two is set, and return which; `stop` where both are."""
    waiting = [asyncio.ensure_future(one.wait()) for one in (event, stop)]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()
    return stop if stop.is_set() else event


async def _until(stop: asyncio.Event, work: Awaitable[None]) -> None:
    """Do what has no end of its own until `stop` is set."""
    waiting = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(work)]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
