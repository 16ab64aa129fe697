"""What a worker has in the service's place: accounts run when the queue says so, and not by themselves."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from calsync.engine import Report
from calsync.errors import Busy, CalsyncError, StoreError, reason
from calsync.service import Service
from calsync.service.accounts import ended
from calsync.service.service import STOP_SECONDS
from calsync.workers.answer import end, progress

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Awaitable, Callable, Collection, Mapping
    from datetime import datetime
    from random import Random

    from calsync.ports import Clock
    from calsync.service import Recalled, Runner
    from calsync.store.turns import StoredTurns
    from calsync.workers.answer import Request
    from calsync.workers.queue import Queue

AGAIN = 2.0
"""Seconds until leases are given back that could not be."""
TELL_SECONDS = 1.0
"""Seconds between two times that it is told how far a run is."""
REQUESTS = 1000
"""So many are told of at once, as figures. There are few but for first syncs."""
log = logging.getLogger("calsync.workers")


class Worker(Service):
    """Takes turns from the queue."""

    def __init__(
        self,
        runner: Runner,
        clock: Clock,
        random: Random,
        queue: Queue,
        turns: StoredTurns,
        at_once: int,
        knows: Callable[[str], bool],
        proven: Callable[[str], None],
        requests: deque[Request],
        give_back: Callable[[Callable[[], Collection[str]]], Awaitable[None]],
    ) -> None:
        """`give_back` frees the leases of accounts that do not run here, as the function says that it is given.

        `knows` tells whether an account is known here as it is configured now; else it has that looked up.

        `proven` lets a connection sign in again. `requests` are those that nobody was told of.
        """
        super().__init__(runner, clock, random, poll_seconds=0.0)
        self._queue = queue
        self._turns_taken = turns
        self._at_once = at_once
        self._knows = knows
        self._sign_in_again = proven
        self._requests = requests
        self._give_back = give_back
        self._left = asyncio.Event()
        """A run has perhaps not been able to give its lease back."""
        self._proven: dict[str, str] = {}
        self._running: dict[asyncio.Task[None], str] = {}

    def add(self, account: str, good_at: datetime | None = None, recalled: Recalled | None = None) -> None:
        del recalled
        self.board.begin(account, good_at)

    async def remove(self, *accounts: str) -> None:
        running = [task for task, account in self._running.items() if account in accounts]
        if running:
            await asyncio.wait(running, timeout=STOP_SECONDS)
            await ended(running)
        for account in accounts:
            self.board.end(account)

    async def run(self, stop: asyncio.Event) -> None:
        leases = asyncio.ensure_future(self._give_leases_back())
        try:
            await self._queue.work(self.take, self._at_once, stop)
        finally:
            await ended([leases])

    async def take(self, account: str, job: str, proven: Mapping[str, str], **later: object) -> None:
        """Run an account, and answer what came of it. Whatever that is, nothing is raised but a cancellation.

        `later`: what a later calsync says besides, while one is put in the place of the other.
        """
        del later
        for connection, word in proven.items():
            if self._proven.get(connection) != word:
                self._proven[connection] = word
                self._sign_in_again(connection)
        report, error = Report(), None
        task = asyncio.ensure_future(self._run(account, job, report))
        self._running[task] = account
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            await ended([task])
            await self._finish(account, job, report, Busy(f"account {account}: its worker was stopped"))
            raise
        finally:
            del self._running[task]
        error = Busy(f"account {account}: it left its worker") if task.cancelled() else task.exception()
        if isinstance(error, StoreError):
            self._left.set()
        if isinstance(error, Exception) and not isinstance(error, CalsyncError):
            log.error("account %s failed: %s", account, reason(error))
        await self._finish(account, job, report, error if isinstance(error, Exception) else None)

    async def _run(self, account: str, job: str, report: Report) -> None:
        if not self._knows(account):
            raise Busy(f"account {account}: its worker does not know it as it is now")
        done = _Progress()
        telling = asyncio.ensure_future(self._tell(account, job, done))
        try:
            await self._runner.run(account, report, done.note)
        finally:
            await ended([telling])

    async def _give_leases_back(self) -> None:
        """Free what runs have left behind when the server went away: else their accounts wait for this worker."""
        while True:
            await self._left.wait()
            self._left.clear()
            await self._clock.sleep(AGAIN)
            try:
                await self._give_back(self._running.values)
            except StoreError:
                self._left.set()

    async def _tell(self, account: str, job: str, done: _Progress) -> None:
        told: tuple[int, int] | None = None
        while True:
            await self._clock.sleep(TELL_SECONDS)
            if done.now is not None and done.now != told:
                told = done.now
                await self._answer(account, job, progress(*told))

    async def _finish(self, account: str, job: str, report: Report, error: Exception | None) -> None:
        some = [self._requests.popleft() for _ in range(min(len(self._requests), REQUESTS))]
        await self._answer(account, job, end(report, error, some))

    async def _answer(self, account: str, job: str, answer: str) -> None:
        try:
            await self._turns_taken.answer(account, job, answer)
        except StoreError as error:  # the job is put once more
            log.warning("account %s: what came of its turn is not told: %s", account, reason(error))


class _Progress:
    """How many of how many writes are done."""

    def __init__(self) -> None:
        self.now: tuple[int, int] | None = None

    def note(self, done: int, total: int) -> None:
        self.now = done, total
