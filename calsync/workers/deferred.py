"""Runs that workers do: each is put on the queue when it is due, and waited for."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calsync.beside import until
from calsync.engine import Report
from calsync.errors import Busy, Retry, StoreError, reason
from calsync.service import Recalled
from calsync.workers.answer import progress_of, requests_of, take_end

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from random import Random

    from calsync.http import Answered
    from calsync.ports import Clock
    from calsync.store.turns import StoredTurns
    from calsync.workers.queue import Queue

LOOK = 0.05
"""Seconds between two looks for answers, while any are waited for."""
KEEP = 5.0
"""Seconds between two times that due times are kept, and that those are looked for who do not answer."""
AGAIN = 60.0
"""Seconds after which a job is put once more: where it still waits or is done, nothing comes of that."""
NOBODY = 30.0
"""Seconds after which a run has failed that no worker is there for."""
log = logging.getLogger("calsync.workers")


@dataclass(slots=True)
class _Waiting:
    """A run that is waited for."""

    account: str
    progress: Callable[[int, int], None]
    began: datetime
    put_at: datetime
    answer: asyncio.Future[str] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Deferred:
    """What is put on the queue, and what comes of it."""

    def __init__(self, queue: Queue, turns: StoredTurns, clock: Clock, random: Random, answered: Answered) -> None:
        """`answered` is told of each request of workers."""
        self._queue = queue
        self._turns = turns
        self._clock = clock
        self._random = random
        self._answered = answered
        self._proven: dict[str, str] = {}
        """By connection what tells that its sign-in has worked once more here."""
        self._waiting: dict[str, _Waiting] = {}
        """By job."""
        self._any = asyncio.Event()
        """Some are waited for."""
        self._due: dict[str, datetime] = {}
        """What is not kept yet."""
        self._ended = False

    async def run(self, account: str, report: Report, progress: Callable[[int, int], None]) -> None:
        """Have a worker run an account, as `Runner.run` does. Raises what it raises there, and StoreError."""
        if self._ended:
            raise Busy(f"account {account}: nobody waits for its run any more")
        now = self._clock.now()
        job = await self._queue.put(account, self._word(), self._proven)
        self._waiting[job] = waiting = _Waiting(account, progress, now, now)
        self._any.set()
        try:
            answer = await waiting.answer
        finally:
            del self._waiting[job]
        for request in requests_of(answer):
            self._answered(*request)
        take_end(answer, report)

    def proven(self, connection: str) -> None:
        """Let workers sign in to a connection again, as that has just worked here."""
        self._proven[connection] = self._word()

    def rests(self, account: str, until: datetime) -> None:
        """Have it kept when an account is due."""
        self._due[account] = until

    async def recalled(self) -> Mapping[str, Recalled]:
        """Return when each account is due, as it was kept last, and its last answer. Raises StoreError."""
        return {account: _recalled(*kept) for account, kept in (await self._turns.kept()).items()}

    async def look(self, stop: asyncio.Event) -> None:
        """Hand on answers as they come, until `stop` is set: then workers go on alone."""
        await until(stop, self._look())
        self._ended = True
        for waiting in self._waiting.values():
            if not waiting.answer.done():
                waiting.answer.set_exception(Busy(f"account {waiting.account}: nobody waits for its run any more"))

    async def _look(self) -> None:
        while True:
            await self._any.wait()
            with suppress(StoreError):  # the runs that are put now tell it
                await self._hand_on()
            if not self._waiting:
                self._any.clear()
            await self._clock.sleep(LOOK)

    async def keep(self, stop: asyncio.Event) -> None:
        """Keep due times, and put once more what nobody answers, until `stop` is set."""
        await until(stop, self._keep())
        with suppress(StoreError):  # who is due is asked sooner
            await self._keep_due()

    async def _keep(self) -> None:
        while True:
            await self._clock.sleep(KEEP)
            try:
                await self._keep_due()
                await self._queue.give_back()
                await self._put_again()
                await self._look_for_workers()
            except StoreError as error:
                log.debug("turns wait: %s", reason(error))

    async def _look_for_workers(self) -> None:
        """Let runs fail that no worker is there for: else nobody would learn of it."""
        now = self._clock.now()
        late = [one for one in self._waiting.values() if (now - one.began).total_seconds() >= NOBODY]
        if late and not await self._queue.workers():
            for one in late:
                if not one.answer.done():
                    problem = f"account {one.account}: no worker is there; start `calsync worker`"
                    one.answer.set_exception(Retry(problem, after=NOBODY))

    def _word(self) -> str:
        """Return a word that nobody else has."""
        return f"{self._random.getrandbits(128):032x}"

    async def _hand_on(self) -> None:
        for job, answer in (await self._turns.answers(self._waiting)).items():
            waiting = self._waiting.get(job)
            if waiting is None or waiting.answer.done():
                continue
            found = progress_of(answer)
            if found is None:
                waiting.answer.set_result(answer)
            else:
                waiting.progress(*found)

    async def _keep_due(self) -> None:
        due, self._due = self._due, {}
        if due:
            try:
                await self._turns.put_due(due)
            except StoreError:
                self._due = due | self._due
                raise

    async def _put_again(self) -> None:
        now = self._clock.now()
        for job, waiting in [*self._waiting.items()]:
            if (now - waiting.put_at).total_seconds() >= AGAIN:
                waiting.put_at = now
                await self._queue.put(waiting.account, job, self._proven)


def _recalled(due: datetime, answer: str | None) -> Recalled:
    if answer is None or progress_of(answer) is not None:
        return Recalled(due=due)
    report, raised = Report(), None
    try:
        take_end(answer, report)
    except Exception as error:  # noqa: BLE001 - it is what the run has raised
        raised = error
    return Recalled(due=due, report=report, error=raised)
