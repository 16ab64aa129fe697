"""What `calsync run` does: it serves all accounts until it is told to stop."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

from calsync.board import Board
from calsync.connections import Opened
from calsync.discovery import until_done
from calsync.engine import Engine, Report
from calsync.engine.together import together
from calsync.errors import CalsyncError, ConfigError, LoginError, Retry, StoreError
from calsync.holder import this_process
from calsync.service import Service
from calsync.takeover import open_store
from calsync.watchdog import Watchdog, note_beside
from calsync.web import health_routes, metrics_routes, serving

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractAsyncContextManager
    from random import Random

    from calsync.board import Status
    from calsync.config import Config
    from calsync.connections import Connections
    from calsync.metrics import Metrics
    from calsync.ports import Clock
    from calsync.roster import Roster
    from calsync.service import Finished, Listen
    from calsync.store import FileRuns, SqliteStore


class Running:
    """The accounts of a configuration, served."""

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
        self._board = Board()

    async def run(self, stop: asyncio.Event) -> None:
        """Serve all accounts until `stop` is set.

        An account that cannot be opened is tried again and again, whatever is in its way, and stops no other one;
        so is discovery, until it has succeeded once.
        Raises ConfigError at the start, and what every account failed with where all of them need a person.
        """
        found = await self._roster.try_open(self._roster.written.values())
        written = list(found.values())
        discovery: CalsyncError | None = None
        try:
            found |= await self._roster.try_open((await self._roster.discover_aloud()).values())
        except CalsyncError as error:
            discovery = error
        problems = [one for one in (*found.values(), discovery) if isinstance(one, Exception)]
        hopeless = not any(isinstance(one, Opened | Retry) for one in (*found.values(), discovery))
        refuse(problems if hopeless else [one for one in written if isinstance(one, ConfigError)])
        opened = {name: one for name, one in found.items() if isinstance(one, Opened)}
        store = await open_store(self._config.service.store)
        engine = Engine(store, self._runs, self._clock, self._random, this_process(self._random))

        async def run_account(name: str, report: Report) -> None:
            if name not in opened:
                opened[name] = await self._connections.open(await self._roster.config_of(name))
            await engine.run(self._connections.account(opened[name]), report)

        def doorbells(name: str) -> list[Listen]:
            return [calendar.listen for calendar in opened[name].calendars.values()]

        async def serve(accounts: Iterable[str]) -> None:
            poll_seconds = self._config.service.poll_seconds
            service = Service(run_account, self._clock, self._random, poll_seconds, doorbells, self._finished)
            await service.run(accounts, stop)

        async def serve_discovered() -> None:
            if discovery is not None:
                await serve(await until_done(self._roster.discover_aloud, discovery, self._clock, stop) or ())

        watchdog = Watchdog(self._connections.asking, note_beside(self._config.service.store))
        try:
            async with self._called(store):
                with watchdog.watching():
                    await together([serve(found), serve_discovered()])
        finally:
            await store.close()

    def _finished(self, run: Finished) -> None:
        self._board.finished(run)
        self._metrics.finished(run)

    def _called(self, store: SqliteStore) -> AbstractAsyncContextManager[None]:
        """Let servers and people call, where they can reach us. Raises ConfigError."""
        endpoint, at, web = self._connections.endpoint, self._config.service.listen, self._config.web
        if endpoint is None and web is None:
            return nullcontext()
        token = None if web is None else web.metrics_token
        self._metrics.look_at(self._board.all, self._connections.http.waiting)
        routes = [
            *([] if endpoint is None else endpoint.routes()),
            *health_routes(partial(self._problems, store), token),
            *metrics_routes(self._metrics.text, token),
        ]
        return serving(routes, at.host, at.port)

    async def _problems(self, store: SqliteStore) -> Sequence[str]:
        """Say what is in the way of working, each thing once."""
        problems = [*self._connections.unready(), *lost(self._board.all())]
        try:
            await store.expect_writable()
        except StoreError as error:
            problems.insert(0, str(error))
        return list(dict.fromkeys(problems))


def refuse(problems: Sequence[Exception]) -> None:
    """Raise the problems, each once: accounts of one connection have the same."""
    each = {str(problem): problem for problem in problems}
    if len(each) > 1:
        raise ExceptionGroup("accounts", list(each.values()))
    for problem in each.values():
        raise problem


def lost(statuses: Iterable[Status]) -> list[str]:
    """Return the problems of accounts that are not the account's own: a sign-in or the store is lost."""
    names = {LoginError.__name__, StoreError.__name__}
    return [one.error for one in statuses if one.error is not None and one.error_class in names]
