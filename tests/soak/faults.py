"""What goes wrong with the servers, one after the other, by chance."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from calsync_sandbox.faults import Fault

if TYPE_CHECKING:
    import random

    from calsync_sandbox.sandbox import Sandbox
    from calsync_sandbox.server import Server

OUTAGE_SECONDS = (3.0, 8.0)
LATE_SECONDS = 3.0
MOST = 5
"""So many requests one fault hits."""


class Trouble:
    """Lets something go wrong again and again, until cancelled."""

    def __init__(self, sandbox: Sandbox, chance: random.Random) -> None:
        self.happened: Counter[str] = Counter()
        self._sandbox = sandbox
        self._chance = chance
        self._kinds = {
            "server error": self._refuse,
            "throttling": self._throttle,
            "lost answer": self._lose_answer,
            "late answer": self._hold,
            "dropped connection": self._drop,
            "all connections closed": self._hang_up,
            "expired token": self._expire,
            "outage": self._fail_for_a_while,
            "doorbell removed": self._remove_doorbells,
        }
        self._seldom = {"outage", "doorbell removed"}

    async def come(self, pace: float) -> None:
        """Let something go wrong about each `pace` seconds. What goes wrong when cancelled is over then."""
        names = list(self._kinds)
        weights = [1 if name in self._seldom else 4 for name in names]
        try:
            while True:
                await asyncio.sleep(self._chance.uniform(0, 2 * pace))
                (name,) = self._chance.choices(names, weights)
                self.happened[name] += 1
                await self._kinds[name](self._chance.choice((self._sandbox.flowfact, self._sandbox.graph)))
        finally:
            for server in self._sandbox.servers:
                server.faults.clear()

    async def _refuse(self, server: Server) -> None:
        server.faults.add(Fault(status=self._chance.choice((500, 502, 503)), times=self._some()))

    async def _throttle(self, server: Server) -> None:
        after = {"Retry-After": str(self._chance.randint(1, 3))}
        server.faults.add(Fault(status=429, headers=after, times=self._some()))

    async def _lose_answer(self, server: Server) -> None:
        method = self._chance.choice(("POST", "PATCH", "DELETE"))
        server.faults.add(Fault(method=method, after_commit=True, drop=True, times=self._some()))

    async def _hold(self, server: Server) -> None:
        over = asyncio.Event()
        server.faults.add(Fault(status=None, after_commit=self._chance.random() < 1 / 2, hold=over))
        try:
            await asyncio.sleep(LATE_SECONDS)
        finally:
            over.set()

    async def _drop(self, server: Server) -> None:
        server.faults.add(Fault(drop=True, times=self._some()))

    async def _hang_up(self, server: Server) -> None:
        server.hang_up()

    async def _expire(self, server: Server) -> None:
        if server is self._sandbox.graph:
            self._sandbox.authority.tokens.revoke()
        else:
            server.faults.add(Fault(path="(entity|search)-service/", status=401))

    async def _fail_for_a_while(self, server: Server) -> None:
        server.faults.add(Fault(times=None))
        try:
            await asyncio.sleep(self._chance.uniform(*OUTAGE_SECONDS))
        finally:
            server.faults.clear()

    async def _remove_doorbells(self, _server: Server) -> None:
        self._sandbox.graph.subscriptions.tell(self._chance.choice(("subscriptionRemoved", "missed")))

    def _some(self) -> int:
        return self._chance.randint(1, MOST)
