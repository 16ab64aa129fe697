"""What `calsync run` does: it serves all accounts until it is told to stop."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from calsync.beside import side_by_side, until
from calsync.connections import Opened
from calsync.desk import Known
from calsync.desk.accounts import Accounts
from calsync.discoveries import Discoveries
from calsync.engine import Engine, Report
from calsync.errors import ConfigError, Retry, StoreError
from calsync.forgetting import keep_forgetting
from calsync.holder import this_process
from calsync.leaving import forget_sign_ins
from calsync.preview import copied
from calsync.readiness import in_the_way
from calsync.reloading import Reloading, tell_ignored
from calsync.served import Served
from calsync.service import Chronicle
from calsync.set_elsewhere import heed_others
from calsync.store import MemoryRuns
from calsync.stores import store_of
from calsync.supervisor import Supervisor
from calsync.takeover import open_store
from calsync.watchdog import Watchdog, note_beside
from calsync.web import health_routes, metrics_routes, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Coroutine, Mapping, Sequence
    from random import Random

    from calsync.config import Config
    from calsync.connections import Connections
    from calsync.engine import Account
    from calsync.metrics import Metrics
    from calsync.ports import Clock
    from calsync.records import Settings
    from calsync.roster import Roster
    from calsync.store import FileRuns, SqlStore
    from calsync.web.site import Site


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
        self._holder = this_process(random)
        self._supervisor = Supervisor(clock)
        self._began = False
        """The accounts are served."""

    async def serve(self, stop: asyncio.Event, reload: asyncio.Event) -> None:
        """Serve all accounts until `stop` is set. Read the configuration anew whenever `reload` is.

        An account that cannot be opened is tried again and again, whatever is in its way, and stops no other one;
        so is discovery, until it has succeeded once.
        Raises ConfigError at the start, and what every account failed with where all of them need a person; later
        a bug, once all have ended.
        """
        tell_ignored(self._config)
        async with self._supervisor.watched():  # to bring a large store up to date takes its time, too
            await self._serve(stop, reload)

    async def _serve(self, stop: asyncio.Event, reload: asyncio.Event) -> None:
        service = self._config.service
        self._store = store = await open_store(store_of(service))
        try:
            self._settings: Settings = store.settings
            self.served = served = self._serving(store)
            discoveries = Discoveries(served, self._roster, self._connections, self._clock)
            self._reloading = Reloading(
                self._config, self._connections, self._roster, served, discoveries, self._supervisor, reload
            )
            waiting = self._connections.http.waiting
            self._metrics.look_at(self.served.service, waiting, lambda: len(asyncio.all_tasks()))
            async with self._reached(store) as site:
                first = await until(stop, self._first())
                if first is None:
                    self._supervisor.stopping()
                    return
                found, discovery = first
                with Watchdog(self._connections.asking, note_beside(service.store)).watching():
                    await served.begin({name: self._roster.account(name) for name in found}, found)
                    del first, found  # held here, the calendars would outlive every reload
                    self._began = True
                    self._supervisor.ready()
                    endless = [self._reloading.run(), discoveries.run(discovery)]
                    if site is not None:
                        endless.append(site.live(served.service.board.changes()))
                    works = [until(stop, work) for work in endless]
                    await side_by_side(
                        stop,
                        [
                            served.service.run(stop),
                            *works,
                            *self._beside(store, stop),
                            self._tell_the_end(stop),
                        ],
                    )
        finally:
            await store.close()

    def _beside(self, store: SqlStore, stop: asyncio.Event) -> list[Coroutine[Any, Any, object]]:
        """Return what else is done until `stop` is set."""
        return [
            heed_others(self._settings, self.served.service, stop),
            keep_forgetting(store, self._clock, stop),
        ]

    def _serving(self, store: SqlStore) -> Served:
        engine = Engine(store, self._runs, self._clock, self._random, self._holder)
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
            self._forget_sign_ins,
        )

    async def _forget_sign_ins(self, account: str) -> None:
        await forget_sign_ins(self._reloading.config, account)

    async def _planned(self, account: Account) -> Report:
        """Say what a run would do, on a copy of what the account has in the store."""
        report = Report()
        async with copied(store_of(self._config.service), account.name, self._clock.now()) as store:
            runs = MemoryRuns(await self._runs.all())
            engine = Engine(store, runs, self._clock, self._random, this_process(self._random))
            await engine.run(account, report, write=False)
        return report

    def changed(self) -> None:
        """Have the configuration read anew that people have changed on the pages."""
        self._reloading.changed()

    @property
    def accounts(self) -> Accounts:
        """What people do with the accounts that are served, heeded at once."""
        return Accounts(self._settings, self._names, self._clock, self.served.service.wake)

    async def _names(self) -> Collection[str]:
        return self.served.known.keys()

    async def _first(self) -> tuple[Mapping[str, object], Exception | None]:
        """Open all accounts, and discover, as far as possible; return what is in the way of discovery, too."""
        found = await self._roster.try_open(self._roster.written.values())
        written = {name: found[name] for name in self._roster.operators if name in found}
        discovery: Exception | None = None
        try:
            found |= await self._roster.try_open_found(await self._roster.discover_aloud())
        except Exception as error:  # noqa: BLE001 - also a bug in a plugin must not stop those who are written down
            discovery = error
        problems = [one for one in (*found.values(), discovery) if isinstance(one, Exception)]
        # What people have added on the pages is mended there, so the pages must be there.
        hopeless = len(written) == len(self._roster.written) and not any(
            isinstance(one, Opened | Retry) for one in (*found.values(), discovery)
        )
        refuse(problems if hopeless else [one for one in written.values() if isinstance(one, ConfigError)])
        return found, discovery

    async def _tell_the_end(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._supervisor.stopping()

    @asynccontextmanager
    async def _reached(self, store: SqlStore) -> AsyncIterator[Site | None]:
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
            *metrics_routes(self._figures, token),
        ]
        board, systems = self.served.service.board, self._connections.systems
        known = Known(
            accounts=lambda: self.served.known,
            systems=systems,
            board=board,
            disabled=lambda: [disabled(one) for one in self._reloading.config.ignored],
            chain=self._connections.chain,
        )
        work = Work(self.accounts, self.served, self._runs.all, self.changed, self._connections.http)
        with site_of(self._config, store, self._clock, known, work, self._metrics.signed_in) as site:
            async with serving(routes, at.host, at.port, site):
                yield site

    async def _figures(self) -> bytes:
        """Return all figures. Where the store cannot be read, what it has counted is as it was read last."""
        with suppress(StoreError):
            self._metrics.prevented(await self._store.showing.mails_prevented())
        return self._metrics.text()

    async def _problems(self) -> Sequence[str]:
        """Say what is in the way of working, each thing once."""
        if not self._began:
            return ["calsync is starting"]
        return await in_the_way(self._connections, self.served, self._store)


def refuse(problems: Sequence[Exception]) -> None:
    """Raise the problems, each once: accounts of one connection have the same."""
    each = {str(problem): problem for problem in problems}
    if len(each) > 1:
        raise ExceptionGroup("accounts", list(each.values()))
    for problem in each.values():
        raise problem
