"""What `calsync run` does: it serves all accounts until it is told to stop."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from calsync.connections import Opened, connections_of
from calsync.discovery import until_done
from calsync.engine import Engine
from calsync.engine.together import together
from calsync.errors import CalsyncError, ConfigError, Retry
from calsync.holder import this_process
from calsync.service import Runner, Service
from calsync.takeover import open_store
from calsync.watchdog import Watchdog, note_beside
from calsync.web import serving

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Collection, Iterable, Sequence
    from contextlib import AbstractAsyncContextManager
    from random import Random

    from calsync.config import Config
    from calsync.connections import Connections
    from calsync.engine import Report
    from calsync.ports import Clock
    from calsync.roster import Roster
    from calsync.service import Listen
    from calsync.store import FileRuns, SqliteStore


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
        self._opened: dict[str, Opened] = {}
        self._store: SqliteStore
        self._engine: Engine
        self.service: Service

    async def serve(self, stop: asyncio.Event) -> None:
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
        self._opened = {name: one for name, one in found.items() if isinstance(one, Opened)}
        self._store = await open_store(self._config.service.store)
        holder = this_process(self._random)
        self._engine = Engine(self._store, self._runs, self._clock, self._random, holder)
        self.service = Service(self, self._clock, self._random, self._config.service.poll_seconds)
        watchdog = Watchdog(self._connections.asking, note_beside(self._config.service.store))
        try:
            async with self._called():
                with watchdog.watching():
                    await self._add(found)
                    await together([self.service.run(stop), self._add_discovered(discovery, stop)])
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
        return connections_of(self._roster.account(account))

    async def _add(self, accounts: Iterable[str]) -> None:
        settings = await self._store.settings.all()
        for account in accounts:
            self.service.add(account, settings[account].good_at if account in settings else None)

    async def _add_discovered(self, failed: CalsyncError | None, stop: asyncio.Event) -> None:
        """Discover again and again where that has failed."""
        if failed is not None:
            await self._add(await until_done(self._roster.discover_aloud, failed, self._clock, stop) or ())

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
