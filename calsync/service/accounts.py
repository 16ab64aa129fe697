"""One account, served: its runs, what a person asks for in between, and its end, one after another."""

from __future__ import annotations

import asyncio
import logging
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from calsync.engine import Report
from calsync.errors import Busy, Retry, SwitchedOff
from calsync.ports import NOTHING_NEW
from calsync.service.board import State
from calsync.service.listening import Ear, nothing
from calsync.service.outcomes import Outcomes
from calsync.service.runner import Finished

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from datetime import datetime
    from random import Random

    from calsync.ports import Clock
    from calsync.service.board import Board
    from calsync.service.runner import Recalled, Runner
    from calsync.service.turns import Turn, Turns
    from calsync.service.wait import Wait

T = TypeVar("T")
log = logging.getLogger("calsync.service")


class ServedAccount:
    """Runs an account again and again, from when it is made until it is ended. While it waits, it has no task."""

    __slots__ = (
        "_board",
        "_busy",
        "_call_off",
        "_clock",
        "_context",
        "_ears",
        "_ended",
        "_ending",
        "_errands",
        "_name",
        "_outcomes",
        "_random",
        "_rang",
        "_rung",
        "_runner",
        "_task",
        "_turn",
        "_turns",
        "_unheard",
        "_wait",
    )

    def __init__(
        self,
        name: str,
        runner: Runner,
        clock: Clock,
        random: Random,
        poll: Callable[[], float],
        turns: Turns,
        board: Board,
        ended: Callable[[asyncio.Task[None]], None],
        recalled: Recalled | None = None,
    ) -> None:
        """`poll` returns the seconds between two runs; `ended` is called at the end of the task of each.

        Without what is `recalled`, the first one is now.
        """
        self._name = name
        self._runner = runner
        self._clock = clock
        self._random = random
        self._turns = turns
        self._board = board
        self._ended = ended
        self._context = copy_context()
        """Whoever rings or asks, runs are begun in this one."""
        self._outcomes = Outcomes(name, clock, random, poll, board)
        self._rung = False
        self._rang: datetime | None = None
        """When it was called first that no run has answered yet."""
        self._errands: list[tuple[Callable[[], Awaitable[Any]], asyncio.Future[Any]]] = []
        self._ears: Sequence[Ear] = ()
        self._unheard: list[asyncio.Future[None]] = []
        """Doorbells that are listened to no more, and have perhaps not ended yet."""
        self._turn: Turn | None = None
        self._task: asyncio.Task[None] | None = None
        """The run that goes on or waits for its turn, or one that a bug of the service's has ended."""
        self._busy = False
        """It is in a run or on an errand, which is not cut off."""
        self._ending = False
        self._wait: Wait | None = None
        """How it waits for its next run; None: there was none before."""
        self._call_off: Callable[[], object] = nothing
        """Has nobody look any more when the next run is due."""
        if recalled is not None:
            self._wait = self._outcomes.recall(recalled)
            self._listen()
        self._stir()

    @property
    def tasks(self) -> Sequence[asyncio.Future[None]]:
        """All that is running for it."""
        running = () if self._task is None else (self._task,)
        return [*running, *(ear.task for ear in self._ears if ear.task is not None), *self._unheard]

    def wake(self, why: str) -> None:
        """Have it run soon, and once more where a run goes on. Several rings make one run."""
        if not self._rung:
            log.debug("account %s is woken: %s", self._name, why)
            self._rung = True
            self._rang = self._clock.now()
            if self._turn is not None:
                self._turn.hurry()
            self._stir()

    async def ask(self, errand: Callable[[], Awaitable[T]]) -> T:
        """Do something between two runs, with another run behind it, and return what it returns.

        Raises what it raises, and Retry where the account is not served any more.
        """
        if self._ending:
            raise self._refusal()
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._errands.append((errand, done))
        self.wake("a person asked")
        self._stir()
        return await done

    def end(self) -> None:
        """Have it end: what it is doing is finished, nothing more is begun."""
        self._ending = True
        self._call_off()
        self._stop_listening()
        if self._task is not None and not self._busy:
            self._task.cancel()
        for _, done in self._errands:
            self._refuse(done)

    def _stir(self) -> None:
        """Look whether the next run is due, as something has changed, or its time has come."""
        if self._task is None and not self._ending:
            self._context.run(self._look)

    def _look(self) -> None:
        """Begin the next run, or have this looked at when it is due."""
        self._call_off()
        now = self._clock.now()
        if self._wait is None or self._errands:
            due = now
        else:
            due = self._wait.look(now, rung=self._rung, hears=self._hears)
        if due <= now:
            self._call_off = nothing
            self._task = asyncio.create_task(self._round(), name=self._name)
            self._task.add_done_callback(self._ended)
        else:
            self._call_off = self._clock.later((due - now).total_seconds(), self._stir)

    async def _round(self) -> None:
        """Run once, when it is its turn, and wait for the next one."""
        self._turn = self._turns.ask(self._runner.connections(self._name), urgent=self._rung)
        async with self._turn:
            self._turn, self._busy = None, True
            try:
                await self._go_errands()
                if self._ending:
                    return
                wait = await self._run()
            finally:
                self._busy = False
        self._runner.rests(self._name, wait.due)
        self._wait, self._task = wait, None
        self._stir()

    async def _go_errands(self) -> None:
        while self._errands:
            errand, done = self._errands.pop(0)
            if done.done():
                continue
            try:
                result = await self._unbroken(errand())
            except asyncio.CancelledError:
                self._refuse(done)
                raise
            except Exception as error:  # noqa: BLE001 - it belongs to whoever asked
                if not done.done():
                    done.set_exception(error)
            else:
                if not done.done():
                    done.set_result(result)

    def _refuse(self, done: asyncio.Future[Any]) -> None:
        if not done.done():
            done.set_exception(self._refusal())

    def _refusal(self) -> Retry:
        return Retry(f"account {self._name} is not served any more")

    async def _run(self) -> Wait:
        rang, began, self._rang = self._rang, self._clock.now(), None
        self._rung = False  # before the run: what rings meanwhile makes another one
        report = Report()
        try:
            await self._unbroken(self._runner.run(self._name, report, self._progress))
        except SwitchedOff:
            self._stop_listening()
            return self._outcomes.switched_off(report)
        except Busy as busy:
            self._not_answered(rang)
            return self._outcomes.busy(busy)
        except Exception as error:  # noqa: BLE001 - a bug in one account's plugin must not stop the others
            self._not_answered(rang)
            self._finished(report, error, began, rang)
            return self._outcomes.failed(error, report, rung=self._rung, hears=self._hears)
        self._finished(report, None, began, rang)
        self._listen()
        return self._outcomes.succeeded(report, asked=rang is not None, hears=self._hears)

    async def _unbroken(self, work: Awaitable[T]) -> T:
        """Wait for a work. Raises Retry where it was cancelled by itself: this account is served on."""
        try:
            return await work
        except asyncio.CancelledError:
            this = asyncio.current_task()
            if this is not None and this.cancelling():
                raise
            raise Retry(f"account {self._name}: the work on it was broken off") from None

    def _not_answered(self, rang: datetime | None) -> None:
        if rang is not None:
            self._rung = True  # nobody has looked yet
            self._rang = rang

    def _finished(self, report: Report, error: Exception | None, began: datetime, rang: datetime | None) -> None:
        now = self._clock.now()
        run = Finished(
            account=self._name,
            report=report,
            error=error,
            seconds=(now - began).total_seconds(),
            since_call=None if rang is None else (now - rang).total_seconds(),
        )
        self._runner.finished(run)

    def _progress(self, done: int, total: int) -> None:
        self._board.note(self._name, State.RUNNING, progress=(done, total), next_try=None)

    @property
    def _hears(self) -> bool:
        """Whether it would be told of a change in either calendar: none of its doorbells is deaf."""
        return bool(self._ears) and all(ear.hears for ear in self._ears)

    def _listen(self) -> None:
        """Begin to listen to the doorbells. They ring at once, for what happened before."""
        if not self._ears and not self._ending:
            ring, deaf = self._hear, self._stir
            self._ears = [
                Ear(self._name, listen, ring, deaf, self._clock, self._random)
                for listen in self._runner.doorbells(self._name)
            ]

    def _hear(self, why: str) -> None:
        self._board.note(self._name, doorbell=self._hears)
        if why != NOTHING_NEW:
            self.wake(why)

    def _stop_listening(self) -> None:
        listening = [ear.task for ear in self._ears if ear.task is not None]
        for ear in self._ears:
            ear.end()
        self._unheard = [one for one in (*self._unheard, *listening) if not one.done()]
        self._ears = ()


async def ended(tasks: Iterable[asyncio.Future[Any]]) -> list[Any]:
    """Cancel what is not done yet, and return what each one came to, its error too."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    return await asyncio.gather(*tasks, return_exceptions=True)
