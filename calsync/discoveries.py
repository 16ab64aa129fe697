"""Discovering while the service runs: whenever somebody wants it, and again and again where that has failed."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from calsync.beside import until
from calsync.connections import connections_of
from calsync.errors import reason

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from calsync.config import AccountConfig, Config
    from calsync.connections import Connections
    from calsync.ports import Clock
    from calsync.roster import Roster
    from calsync.served import Served

FIRST_WAIT = 60.0
LONGEST_WAIT = 3600.0
"""Seconds until discovery is tried again; twice as long each further time."""
log = logging.getLogger("calsync.discovery")


class Discoveries:
    """Finds who is discovered, and has those accounts served, one time after another."""

    def __init__(self, served: Served, roster: Roster, connections: Connections, clock: Clock) -> None:
        self._served = served
        self._roster = roster
        self._connections = connections
        self._clock = clock
        self._wanted = asyncio.Event()
        self._going = False

    def configured(self, *, anew: bool) -> None:
        """Take note of another configuration. What is being found by the one before it is found anew at least."""
        if anew or self._going:
            self._wanted.set()

    async def run(self, failed: Exception | None) -> None:
        """Discover until this is cancelled. `failed`: what was in the way of it at the start."""
        failures = 0
        while True:
            if failed is None:
                failures = 0
                await self._wanted.wait()
            else:
                failures += 1
                await self._pause(failed, failures)
            if self._wanted.is_set():
                failures = 0  # who asks is told what comes of it
            failed = await self._round()

    async def _pause(self, failed: Exception, failures: int) -> None:
        """Wait until it is time to try again, or somebody wants it."""
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(failures - 1, 10))
        level = logging.WARNING if failures == 1 else logging.DEBUG
        log.log(level, "discovery failed, next try in %.0f s: %s", wait, reason(failed))
        await until(self._wanted, self._clock.sleep(wait))

    async def _round(self) -> Exception | None:
        """Discover once; return what was in the way."""
        self._wanted.clear()
        self._going = True
        try:
            await self._take_over(await self._roster.discover_aloud())
        except Exception as error:  # noqa: BLE001 - also a bug in a plugin must not end discovery for good
            return error
        finally:
            self._going = False
        return None

    async def _take_over(self, found: Mapping[str, AccountConfig]) -> None:
        """Serve the accounts that were discovered, and no other ones that are not written down."""
        async with self._served.changing:
            if self._wanted.is_set():  # they are discovered anew, by another configuration
                for name in found.keys() - self._served.configs.keys():
                    self._connections.release(name)
                return
            await self._served.part_with({**found, **self._roster.written})
            fresh = [name for name in found if name not in self._served.configs]
            await self._served.begin(found, await self._roster.try_open_found(fresh))


def finds_others(before: Config, after: Config, stale: Collection[str]) -> bool:
    """Tell whether another configuration, in which `stale` connections are others, may let others be discovered.

    A calendar that an account gives up may be somebody's now. One that an account takes is taken from whoever was
    discovered with it; somebody is to be looked for again only where both calendars may be meant.
    """
    discover = after.discover
    if discover is None or discover != before.discover:
        return discover is not None
    theirs = connections_of(discover.account)
    given_up = [one for name, one in before.accounts.items() if after.accounts.get(name) != one]
    taken = [one for name, one in after.accounts.items() if before.accounts.get(name) != one]
    return (
        not theirs.isdisjoint(stale)
        or any(not theirs.isdisjoint(connections_of(one)) for one in given_up)
        or any(theirs <= connections_of(one) for one in taken)
    )
