"""A service whose runs, doorbells and time a test decides."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import TYPE_CHECKING

from calsync.service import Finished, Runner, Service
from calsync.service.backoff import SETTLE_SECONDS
from calsync.sync.model import Side
from calsync.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from calsync.engine import Report
    from calsync.ports import Ring
    from calsync.service import Listen
    from calsync.sync.plan import Kind

POLL = 60.0


class Accounts(Runner):
    """Runs that a test can let fail, and counts."""

    def __init__(self, doorbell: Doorbell) -> None:
        self.doorbell = doorbell
        self.runs: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        self.progress: tuple[int, int] | None = None
        self.at_rest = False
        self.at_connections: Exception | None = None
        self.errors: dict[str, Exception] = {}
        self.stuck: set[str] = set()
        self.held = asyncio.Event()
        """Runs wait for it at their end."""
        self.held.set()
        self.notices: dict[str, dict[tuple[Kind, Side, str], int]] = {}
        self.remarks: dict[str, dict[tuple[Kind, Side, str], int]] = {}
        self.created: Counter[str] = Counter()
        self.finished_runs: list[Finished] = []
        self.due: dict[str, datetime] = {}
        self.looks: Callable[[], object] = bool
        """Called in each run."""
        self._changed = asyncio.Event()

    def doorbells(self, account: str) -> list[Listen]:
        return [self.doorbell.listen]

    def connections(self, account: str) -> list[str]:
        if self.at_connections is not None:
            raise self.at_connections
        return ["crm", "mail"]

    async def run(self, name: str, report: Report, progress: Callable[[int, int], None]) -> None:
        self.runs[name] += 1
        self.looks()
        self._changed.set()
        if self.progress is not None:
            progress(*self.progress)
        if name in self.stuck:
            await asyncio.Event().wait()
        await self.held.wait()
        self.ended[name] += 1
        report.at_rest = self.at_rest
        report.counts[Side.LEFT].created = self.created[name]
        report.remarks.update(self.remarks.get(name, {}))
        if name in self.errors:
            raise self.errors[name]
        report.notices.update(self.notices.get(name, {}))

    def finished(self, run: Finished) -> None:
        self.finished_runs.append(run)

    def rests(self, account: str, until: datetime) -> None:
        self.due[account] = until

    async def reached(self, name: str, count: int) -> None:
        while self.runs[name] != count:
            self._changed.clear()
            await self._changed.wait()


class Doorbell:
    """A doorbell that a test rings, breaks, or takes away."""

    def __init__(self) -> None:
        self.rings: list[Ring] = []
        self.error: Exception | None = None
        self.calls = 0
        self.ended = 0
        self.at_end: Exception | None = None
        """Raised when nobody listens any more."""
        self.broken: asyncio.Future[None]
        self._called = asyncio.Event()

    async def listen(self, ring: Ring) -> None:
        self.calls += 1
        self._called.set()
        if self.error is not None:
            raise self.error
        self.rings.append(ring)
        self.broken = asyncio.get_running_loop().create_future()
        try:
            await self.broken
        finally:
            self.ended += 1
            if self.at_end is not None:
                raise self.at_end

    def ring(self, times: int = 1) -> None:
        for _ in range(times):
            self.rings[-1]("a change")

    async def called(self, count: int) -> None:
        while self.calls != count:
            self._called.clear()
            await self._called.wait()


class Running:
    """A service of three accounts that runs until the test ends."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.doorbell = Doorbell()
        self.accounts = Accounts(self.doorbell)
        self.stop = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self.service = Service(self.accounts, self.clock, random.Random(1), POLL)

    def start(self, *names: str) -> None:
        for name in names:
            self.service.add(name)
        self.task = asyncio.create_task(self.service.run(self.stop))

    async def poll(self, seconds: float = POLL * 1.1) -> None:
        await self.clock.until_sleeping()
        self.clock.advance(seconds)

    async def leave_out(self) -> None:
        """Let the time between two polls pass, one of which is left out."""
        await self.poll(POLL * 0.89)
        while self.clock.waking:  # noqa: ASYNC110 - what is woken is to run
            await asyncio.sleep(0)
        await self.clock.until_sleeping()

    async def settle(self, seconds: float = SETTLE_SECONDS) -> None:
        """Let a ring settle."""
        await self.clock.until_due(max(seconds, SETTLE_SECONDS))
        self.clock.advance(seconds)
