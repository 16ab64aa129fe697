"""What `calsync run` does: it serves all accounts until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

from calsync.connections import Opened, connections_of
from calsync.discovery import until_done
from calsync.engine import Engine
from calsync.engine.together import together
from calsync.errors import CalsyncError, ConfigError, PluginError, Retry, StoreError
from calsync.holder import this_process
from calsync.records import Setting
from calsync.reloading import load_again
from calsync.service import Runner, Service
from calsync.sync.model import Side
from calsync.takeover import open_store
from calsync.watchdog import Watchdog, note_beside
from calsync.web import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from random import Random

    from calsync.config import AccountConfig, Config
    from calsync.connections import Connections
    from calsync.engine import Report
    from calsync.loader import Loaded
    from calsync.ports import Clock
    from calsync.roster import Roster
    from calsync.service import Listen
    from calsync.store import FileRuns, SqliteStore

SETTINGS_SECONDS = 5.0
"""How often the service looks whether another process has set an account."""
log = logging.getLogger("calsync.service")


class Running(Runner):
    """The accounts of a configuration, served."""

    def __init__(
        self,
        config: Config,
        connections: Connections,
        roster: Roster,
        clock: Clock,
        random: Random,
        runs: FileRuns,
    ) -> None:
        self._config = config
        self._connections = connections
        self._roster = roster
        self._clock = clock
        self._random = random
        self._runs = runs
        self.service = Service(self, clock, random, config.service.poll_seconds)
        self._served: dict[str, AccountConfig] = {}
        """Each account as it is written down, or was discovered, when its service began."""
        self._opened: dict[str, Opened] = {}
        self._store: SqliteStore
        self._engine: Engine
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
        self._tell_ignored()
        async with self._called():
            found, discovery = await self._first()
            self._opened = {name: one for name, one in found.items() if isinstance(one, Opened)}
            self._store = await open_store(self._config.service.store)
            holder = this_process(self._random)
            self._engine = Engine(self._store, self._runs, self._clock, self._random, holder)
            watchdog = Watchdog(self._connections.asking, note_beside(self._config.service.store))
            try:
                with watchdog.watching():
                    await self._add({name: self._roster.account(name) for name in found})
                    works = [self._reloads(reload, stop), self._discoveries(discovery, stop), self._look(stop)]
                    await together([self.service.run(stop), *works])
            finally:
                await self._store.close()

    async def run(self, account: str, report: Report, progress: Callable[[int, int], None]) -> None:
        if account not in self._opened:
            self._opened[account] = await self._connections.open(await self._roster.config_of(account))
        opened = await self._connections.as_set(self._opened[account], self._store.settings)
        self._opened[account] = opened
        await self._engine.run(self._connections.account(opened), report, progress=progress)

    def doorbells(self, account: str) -> Sequence[Listen]:
        return [calendar.listen for calendar in self._opened[account].calendars.values()]

    def connections(self, account: str) -> Collection[str]:
        return connections_of(self._served[account])

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

    async def _reloads(self, reload: asyncio.Event, stop: asyncio.Event) -> None:
        """Read the configuration anew whenever somebody asks: once for all who ask meanwhile."""
        while await _first_of(reload, stop) is reload:
            reload.clear()
            try:
                config, loaded = await load_again(self._config)
            except (ConfigError, PluginError) as error:
                for line in str(error).splitlines():
                    log.error("the configuration is not taken over: %s", line)  # noqa: TRY400 - no bug
                continue
            async with self._changing:
                await self._adopt(config, loaded)

    async def _adopt(self, config: Config, loaded: Loaded) -> None:
        """Take over another configuration: who is the same in it is not touched."""
        stale = self._connections.stale(config)
        wanted = dict(config.accounts)
        if config.discover is not None and config.discover == self._config.discover:
            found = {name for name in self._served if name not in self._config.accounts}
            wanted = {name: self._served[name] for name in found} | wanted
        left = await self._part_with(wanted, stale)
        other_rules = config.rules != self._config.rules
        await self._connections.adopt(config, loaded)
        self._roster.adopt(config)
        self._config, self.service.poll_seconds = config, config.service.poll_seconds
        self._tell_ignored()
        came = await self._begin_written()
        log.info("the configuration was read anew: %d accounts left or changed, %d began", left, came)
        if other_rules:
            for account in self._served:
                self.service.wake(account, "other rules")
        if config.discover is not None:
            self._people.set()

    async def _begin_written(self) -> int:
        """Begin with the accounts that are written down and not served yet, and return how many they are.

        They are opened first, so that discovery finds their calendars taken. A discovered account that has one of
        them loses it.
        """
        fresh = {name: one for name, one in self._config.accounts.items() if name not in self._served}
        holders = set().union(*await together(self._holders(one) for one in fresh.values()))
        await self._part_with({name: one for name, one in self._served.items() if name not in holders}, ())
        found = await self._roster.try_open(fresh.values())
        self._opened |= {name: one for name, one in found.items() if isinstance(one, Opened)}
        return await self._add(fresh)

    def _tell_ignored(self) -> None:
        for one in self._config.ignored:
            for line in one.problems:
                log.warning("left out: %s", line)

    async def _holders(self, config: AccountConfig) -> set[str]:
        """Return the discovered accounts that have a calendar of this account."""
        holders: set[str] = set()
        for side in Side:
            with suppress(CalsyncError):  # its runs tell it
                calendar = await self._connections.look(config, side)
                holder = self._connections.claimant(config, side, calendar)
                if holder is not None and holder not in self._config.accounts:
                    holders.add(holder)
        return holders

    async def _discoveries(self, failed: CalsyncError | None, stop: asyncio.Event) -> None:
        """Discover whenever the configuration was read anew, and again and again where that has failed."""
        if failed is not None:
            await self._take_over(await until_done(self._roster.discover_aloud, failed, self._clock, stop))
        while await _first_of(self._people, stop) is self._people:
            self._people.clear()
            found: Mapping[str, AccountConfig] | None
            try:
                found = await self._roster.discover_aloud()
            except CalsyncError as error:
                found = await until_done(self._roster.discover_aloud, error, self._clock, stop)
            await self._take_over(found)

    async def _take_over(self, found: Mapping[str, AccountConfig] | None) -> None:
        """Serve the accounts that were discovered; None: nobody knows who they are."""
        async with self._changing:
            if found is None:
                return
            if self._people.is_set():  # they are discovered anew, by another configuration
                for name in found.keys() - self._served.keys():
                    self._connections.release(name)
                return
            await self._part_with({**found, **self._config.accounts}, ())
            await self._add(found)

    async def _part_with(self, wanted: Mapping[str, AccountConfig], stale: Collection[str]) -> int:
        """End the accounts that are not wanted, or not as they are, and return how many."""
        leaving = [
            name
            for name, one in self._served.items()
            if wanted.get(name) != one or not connections_of(one).isdisjoint(stale)
        ]
        await self.service.remove(*leaving)
        for name in leaving:
            del self._served[name]
            self._opened.pop(name, None)
            self._connections.release(name)
        return len(leaving)

    async def _add(self, accounts: Mapping[str, AccountConfig]) -> int:
        """Begin to serve the accounts that are not served yet, and return how many."""
        settings = await self._store.settings.all()
        fresh = {name: config for name, config in accounts.items() if name not in self._served}
        self._served |= fresh
        for name in fresh:
            self.service.add(name, settings[name].good_at if name in settings else None)
        return len(fresh)

    async def _look(self, stop: asyncio.Event) -> None:
        """Wake the accounts that another process has set."""
        before = await self._store.settings.all()
        while not await _within(SETTINGS_SECONDS, stop):
            with suppress(StoreError):  # it is told by every run
                now = await self._store.settings.all()
                for account in _set_otherwise(before, now):
                    self.service.wake(account, "it was set")
                before = now

    def _called(self) -> AbstractAsyncContextManager[None]:
        """Let servers call, where they can reach us. Raises ConfigError."""
        endpoint, at = self._connections.endpoint, self._config.service.listen
        return nullcontext() if endpoint is None else serving(endpoint, at.host, at.port)


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


async def _within(seconds: float, stop: asyncio.Event) -> bool:
    """Wait so long, or until `stop` is set; tell whether it is."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()
