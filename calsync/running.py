"""What `calsync run` does: it serves all accounts until it is told to stop."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from calsync.connections import Opened
from calsync.discovery import until_done
from calsync.engine import Engine, Report
from calsync.engine.together import together
from calsync.errors import CalsyncError, ConfigError, Retry
from calsync.holder import this_process
from calsync.service import Service
from calsync.takeover import open_store
from calsync.watchdog import Watchdog, note_beside
from calsync.web import serving

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractAsyncContextManager
    from random import Random

    from calsync.config import Config
    from calsync.connections import Connections
    from calsync.ports import Clock
    from calsync.roster import Roster
    from calsync.service import Listen
    from calsync.store import FileRuns


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
    ) -> None:
        self._config = config
        self._connections = connections
        self._roster = roster
        self._clock = clock
        self._random = random
        self._runs = runs

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
            opened[name] = await self._connections.as_set(opened[name], store.settings)
            await engine.run(self._connections.account(opened[name]), report)

        def doorbells(name: str) -> list[Listen]:
            return [calendar.listen for calendar in opened[name].calendars.values()]

        async def serve(accounts: Iterable[str]) -> None:
            poll_seconds = self._config.service.poll_seconds
            service = Service(run_account, self._clock, self._random, poll_seconds, doorbells)
            await service.run(accounts, stop)

        async def serve_discovered() -> None:
            if discovery is not None:
                await serve(await until_done(self._roster.discover_aloud, discovery, self._clock, stop) or ())

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


def refuse(problems: Sequence[Exception]) -> None:
    """Raise the problems, each once: accounts of one connection have the same."""
    each = {str(problem): problem for problem in problems}
    if len(each) > 1:
        raise ExceptionGroup("accounts", list(each.values()))
    for problem in each.values():
        raise problem
