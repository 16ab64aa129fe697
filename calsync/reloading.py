"""Reading a configuration anew while the service runs, and taking it over: who is the same is not touched."""

from __future__ import annotations

import asyncio
import gc
import logging
from dataclasses import fields
from typing import TYPE_CHECKING

from calsync.beside import until
from calsync.discoveries import finds_others
from calsync.errors import ConfigError, reason
from calsync.loading import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.config import AccountConfig, Config
    from calsync.config.model import Service, Web
    from calsync.connections import Connections
    from calsync.discoveries import Discoveries
    from calsync.loader import Loaded
    from calsync.roster import Roster
    from calsync.served import Served
    from calsync.supervisor import Supervisor

AT_ANY_TIME = frozenset({"poll_seconds", "self_service"})
"""The keys of `service:` and `web:` that are heeded while the service runs."""
REFUSED = frozenset({"store", "database", "key"})
"""The keys of `service:` with which nothing is taken over: what is served would lie in two places."""
KEYS = {"database": "store"}
"""How a key is called in the file, where that is otherwise."""
log = logging.getLogger("calsync.service")


class Reloading:
    """Reads the configuration anew whenever somebody asks: once for all who ask meanwhile."""

    def __init__(
        self,
        config: Config,
        connections: Connections,
        roster: Roster,
        served: Served,
        discoveries: Discoveries,
        supervisor: Supervisor,
        asked: asyncio.Event,
    ) -> None:
        """`asked` is set by who wants everybody to be discovered anew as well, as SIGHUP does."""
        self.config = config
        """As it is served."""
        self._connections = connections
        self._roster = roster
        self._served = served
        self._discoveries = discoveries
        self._supervisor = supervisor
        self._asked = asked
        self._changed = asyncio.Event()
        self._started = config
        self._taking_over = False
        self._told: Sequence[str] = ()
        """What waits for the next start, as the log knows it."""

    def ask(self) -> None:
        """Have the configuration read anew, and everybody discovered, as SIGHUP does."""
        self._asked.set()

    def changed(self) -> None:
        """Have the configuration read anew because it was changed; who is discovered only where that matters."""
        self._changed.set()

    @property
    def pending(self) -> bool:
        """Whether somebody has asked whose wish is not heeded yet."""
        return self._taking_over or self._asked.is_set() or self._changed.is_set()

    async def run(self) -> None:
        """Heed who asks until this is cancelled."""
        while True:
            await until(self._changed, self._asked.wait())
            everybody = self._asked.is_set()
            self._asked.clear()
            self._changed.clear()
            self._taking_over = True
            self._supervisor.reloading()
            try:
                await self._take_over(everybody=everybody)
            except Exception as error:  # noqa: BLE001 - also a bug in a plugin must not stop those who are served
                for line in reason(error).splitlines():
                    log.error("the configuration is not taken over: %s", line)  # noqa: TRY400 - nobody's bug
            self._taking_over = False
            self._supervisor.ready()

    async def _take_over(self, *, everybody: bool) -> None:
        """Read the file anew, and take it over: who is the same in it is not touched.

        Whatever raises, raises before anybody is touched: behind that, nothing of a plugin or the store stops it.
        """
        before = self.config
        config, loaded = await load_again(before)
        fresh = self._connections.prepare(config, loaded)
        async with self._served.changing:
            stale = self._connections.to_leave(fresh)
            left = await self._served.part_with(self._wanted(config), stale)
            await self._connections.adopt(fresh)
            self._roster.adopt(config)
            self.config, self._served.service.poll_seconds = config, config.service.poll_seconds
            tell_ignored(config)
            self._tell_waiting(waiting_for_a_start(self._started, config))
            gc.collect()  # who left is held by cycles, and collections are made seldom (calsync.cli.main)
            came = await self._served.begin_written()
        log.info("the configuration was read anew: %d accounts left or changed, %d began", left, came)
        # The next runs heed them: those of accounts that wait may be as far away as polls were.
        if (config.rules, config.service.poll_seconds) != (before.rules, before.service.poll_seconds):
            for account in self._served.configs:
                self._served.service.wake(account, "another configuration")
        if config.discover is not None:
            self._discoveries.configured(anew=everybody or finds_others(before, config, stale))

    def _tell_waiting(self, keys: Sequence[str]) -> None:
        """Tell what of the configuration is not heeded yet; once, until it is something else."""
        if keys and keys != self._told:
            log.warning("heeded at the next start only: %s; start calsync anew", ", ".join(keys))
        self._told = keys

    def _wanted(self, config: Config) -> Mapping[str, AccountConfig]:
        """Return the accounts that are to be served: whoever was discovered stays, where discovery is the same."""
        if config.discover is None or config.discover != self.config.discover:
            return config.accounts
        known, written = self._served.configs, self.config.accounts
        return {name: one for name, one in known.items() if name not in written} | dict(config.accounts)


async def load_again(before: Config) -> tuple[Config, Loaded]:
    """Read a configuration's file as it is now; no account waits for that.

    Raises ConfigError, PluginError for a configuration that cannot be taken over.
    """
    after, loaded = await asyncio.to_thread(load, before.path)
    changed = [name for name in _changed(before.service, after.service) if name in REFUSED]
    if changed:
        raise ConfigError(
            [
                f"{after.path}: service.{KEYS.get(name, name)} is read at the start only; start calsync anew"
                for name in changed
            ]
        )
    return after, loaded


def waiting_for_a_start(before: Config, after: Config) -> Sequence[str]:
    """Return the keys that differ and are heeded at a start only: where pages and figures are, and who gets in."""
    keys = [f"service.{KEYS.get(name, name)}" for name in _changed(before.service, after.service)]
    if (before.web is None) is not (after.web is None):
        return [*keys, "web"]
    return keys if before.web is None else [*keys, *(f"web.{name}" for name in _changed(before.web, after.web))]


def _changed(before: Service | Web, after: Service | Web | None) -> Sequence[str]:
    """Return the names of what differs in a section, but for what is heeded at any time."""
    names = (one.name for one in fields(before) if one.name not in AT_ANY_TIME)
    return [name for name in names if getattr(before, name) != getattr(after, name)]


def tell_ignored(config: Config) -> None:
    """Tell what the second file says in vain."""
    for one in config.ignored:
        for line in one.problems:
            log.warning("left out: %s", line)
