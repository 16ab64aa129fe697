"""Many accounts on one event loop, each run again and again: polled, and sooner where a doorbell rings."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from calsync.errors import Retry
from calsync.service.accounts import ServedAccount, ended
from calsync.service.board import Board, State
from calsync.service.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection
    from datetime import datetime
    from random import Random

    from calsync.ports import Clock
    from calsync.service.runner import Recalled, Runner

T = TypeVar("T")
STOP_SECONDS = 8.0
"""How long runs may finish what they are doing when their account, or the service, ends."""


class Service:
    """Polls accounts with jitter, and sooner where a doorbell rings (docs/decisions/0018, 0025).

    Accounts come and go while it runs. A failing one backs off and never delays another.
    """

    def __init__(
        self, runner: Runner, clock: Clock, random: Random, poll_seconds: float, turns: Turns | None = None
    ) -> None:
        self.poll_seconds = poll_seconds
        """How long an account waits between two runs; may be changed."""
        self.board = Board(clock)
        self._runner = runner
        self._clock = clock
        self._random = random
        self._turns = turns or Turns()
        self._accounts: dict[str, ServedAccount] = {}
        self._leaving: list[ServedAccount] = []
        self._broken = asyncio.Event()
        self._bug: BaseException | None = None
        """An account has ended by itself, with this."""
        self._stopped = False

    @property
    def accounts(self) -> Collection[str]:
        """The names of the accounts that are served."""
        return self._accounts.keys()

    @property
    def waiting(self) -> int:
        """How many runs wait for their turn at the connections that they use."""
        return self._turns.waiting

    def add(self, account: str, good_at: datetime | None = None, recalled: Recalled | None = None) -> None:
        """Begin to serve an account, last read well at `good_at`. One that was removed must have ended before.

        It runs at once, unless a former process has kept what is `recalled`.
        """
        if self._stopped:
            return
        self.board.begin(account, good_at)
        self._accounts[account] = ServedAccount(
            account,
            self._runner,
            self._clock,
            self._random,
            self._poll,
            self._turns,
            self.board,
            self._look_at,
            recalled,
        )

    async def remove(self, *accounts: str) -> None:
        """Serve accounts no more. Returns when they have ended: their runs may take STOP_SECONDS for that."""
        leaving = [self._accounts.pop(account) for account in accounts if account in self._accounts]
        self._leaving += leaving
        await self._end(leaving)
        self._leaving = [one for one in self._leaving if one not in leaving]
        for account in accounts:
            self.board.end(account)

    def wake(self, account: str, reason: str) -> None:
        """Have an account run soon, and once more where a run of it goes on. Several rings make one run."""
        if account in self._accounts:
            self._accounts[account].wake(reason)

    def progress(self, account: str, done: int, total: int) -> None:
        """Show how many of how many writes an errand of an account has done. The run behind it ends that."""
        self.board.note(account, State.RUNNING, progress=(done, total), next_try=None)

    async def ask(self, account: str, errand: Callable[[], Awaitable[T]]) -> T:
        """Do something between two runs of an account, and run it again behind that; return what it returns.

        Raises what it raises, and Retry for an account that is not served.
        """
        if account not in self._accounts:
            raise Retry(f"account {account} is not served now")
        return await self._accounts[account].ask(errand)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve the accounts until `stop` is set, then let the runs end, at most for STOP_SECONDS."""
        waiting = [asyncio.ensure_future(one.wait()) for one in (stop, self._broken)]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            stop.set()
            self._stopped = True
            await self._end([*self._accounts.values(), *self._leaving])
        except asyncio.CancelledError:
            self._stopped = True
            tasks = _left([*self._accounts.values(), *self._leaving])
            await ended([*waiting, *tasks])
            raise
        await ended(waiting)
        if self._bug is not None:
            raise self._bug

    async def _end(self, accounts: Collection[ServedAccount]) -> None:
        """End accounts; returns when all of their tasks have ended."""
        tasks = _left(accounts)
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_SECONDS)
        await ended(tasks)

    def _poll(self) -> float:
        return self.poll_seconds

    def _look_at(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self._bug = self._bug or task.exception()
            self._broken.set()


def _left(accounts: Collection[ServedAccount]) -> list[asyncio.Future[None]]:
    """End accounts, and return what still runs of them."""
    for account in accounts:
        account.end()
    return [task for account in accounts for task in account.tasks]
