"""One account, served: its runs, what a person asks for in between, and its end, one after another."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import Counter, deque
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from calsync.engine import Report
from calsync.errors import Busy, Retry, SwitchedOff, class_of, reason
from calsync.ports import NOTHING_NEW
from calsync.service.backoff import (
    BUSY_SECONDS,
    IDLE_POLLS,
    SETTLE_SECONDS,
    back_off,
    settle_after,
    settle_after_failure,
)
from calsync.service.board import State
from calsync.service.listening import Listening
from calsync.service.telling import tell, tell_changed, worked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
    from datetime import datetime
    from random import Random

    from calsync.engine import Notices
    from calsync.ports import Clock
    from calsync.service.board import Board
    from calsync.service.listening import Listen
    from calsync.service.turns import Turn, Turns

T = TypeVar("T")
log = logging.getLogger("calsync.service")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A run of an account that came to its end."""

    account: str
    report: Report
    error: Exception | None
    seconds: float
    """How long it took."""
    since_call: float | None
    """Seconds to its end from the first ring that it answers, or from when a person asked; None for a poll."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """What a former process has kept of an account."""

    due: datetime
    """When it is run next, unless somebody calls it."""
    report: Report | None = None
    """What its last run came to; None where that is not known."""
    error: Exception | None = None


class Runner(ABC):
    """What the service asks for its accounts."""

    @abstractmethod
    async def run(self, account: str, report: Report, progress: Callable[[int, int], None]) -> None:
        """Run an account once; `report` and `progress` are told what it does.

        Raises SwitchedOff, another CalsyncError, or anything else for a bug.
        """

    @abstractmethod
    def doorbells(self, account: str) -> Sequence[Listen]:
        """Return the doorbells of an account, none while its calendars are not open."""

    @abstractmethod
    def connections(self, account: str) -> Collection[str]:
        """Return the names of the connections that a run uses."""

    def finished(self, run: Finished) -> None:
        """Take note of a run that was not cut off. It may neither raise nor wait."""
        del run

    def rests(self, account: str, until: datetime) -> None:
        """Take note of when an account is due next, unless somebody calls it. It may neither raise nor wait."""
        del account, until


class ServedAccount:
    """Runs an account again and again, from when it is made until it is ended."""

    def __init__(
        self,
        name: str,
        runner: Runner,
        clock: Clock,
        random: Random,
        poll: Callable[[], float],
        turns: Turns,
        board: Board,
        recalled: Recalled | None = None,
    ) -> None:
        """`poll` returns the seconds between two runs. Without what is `recalled`, the first one is now."""
        self._name = name
        self._runner = runner
        self._clock = clock
        self._random = random
        self._poll = poll
        self._turns = turns
        self._note = partial(board.note, name)
        self._rung = False
        self._rang: datetime | None = None
        """When it was called first that no run has answered yet."""
        self._errands: deque[tuple[Callable[[], Awaitable[Any]], asyncio.Future[Any]]] = deque()
        self._stirred = asyncio.Event()
        """Something may end the wait for the next run, or bring its end forward."""
        self._listening: Listening | None = None
        self._turn: Turn | None = None
        self._busy = False
        """It is in a run or on an errand, which is not cut off."""
        self._ending = False
        self._failures = self._vain = 0
        self._failing_since = clock.now()
        self._off = False
        self._recalled = recalled
        self._notices: Notices = Counter()
        self._unheard: list[asyncio.Task[None]] = []
        """Doorbells that are listened to no more, and have perhaps not ended yet."""
        self._task = asyncio.create_task(self._serve(), name=name)

    @property
    def tasks(self) -> Sequence[asyncio.Task[None]]:
        """All that is running for it."""
        listening = self._listening.tasks if self._listening is not None else ()
        return [self._task, *listening, *self._unheard]

    def wake(self, why: str) -> None:
        """Have it run soon, and once more where a run goes on. Several rings make one run."""
        if not self._rung:
            log.debug("account %s is woken: %s", self._name, why)
            self._rung = True
            self._rang = self._clock.now()
            self._stirred.set()
            if self._turn is not None:
                self._turn.hurry()

    async def ask(self, errand: Callable[[], Awaitable[T]]) -> T:
        """Do something between two runs, with another run behind it, and return what it returns.

        Raises what it raises, and Retry where the account is not served any more.
        """
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._errands.append((errand, done))
        self._stirred.set()
        self.wake("a person asked")
        return await done

    def end(self) -> None:
        """Have it end: what it is doing is finished, nothing more is begun."""
        self._ending = True
        self._stop_listening()
        if not self._busy:
            self._task.cancel()
        for _, done in self._errands:
            self._refuse(done)

    async def _serve(self) -> None:
        if self._recalled is not None:
            self._recall(self._recalled)
            seconds = max(0.0, (self._recalled.due - self._clock.now()).total_seconds())
            self._listen()
            await self._wait(_Rest(seconds, SETTLE_SECONDS))
        while not self._ending:
            rest = await self._round()
            self._runner.rests(self._name, self._clock.now() + timedelta(seconds=rest.seconds))
            await self._wait(rest)

    def _recall(self, recalled: Recalled) -> None:
        """Show what its last run came to, as whoever was told of that would."""
        report, error = recalled.report, recalled.error
        if report is None or isinstance(error, Busy):
            return
        self._notices = report.notices
        if error is None:
            self._note(State.WAITING, notices=report.notices, held_since=report.held_since)
        elif isinstance(error, SwitchedOff):
            self._off = True
            self._note(State.OFF)
        else:
            self._failures = 1
            what = {"error": reason(error), "error_class": class_of(error)}
            self._note(State.FAILING, next_try=recalled.due, **what)

    async def _round(self) -> _Rest:
        """Run once, when it is its turn; return how to wait for the next one."""
        self._turn = self._turns.ask(self._runner.connections(self._name), urgent=self._rung)
        async with self._turn:
            self._turn, self._busy = None, True
            try:
                await self._go_errands()
                return await self._run()
            finally:
                self._busy = False

    async def _go_errands(self) -> None:
        while self._errands:
            errand, done = self._errands.popleft()
            if done.done():
                continue
            try:
                result = await errand()
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
            done.set_exception(Retry(f"account {self._name} is not served any more"))

    async def _run(self) -> _Rest:
        rang, began, self._rang = self._rang, self._clock.now(), None
        self._rung = False  # before the run: what rings meanwhile makes another one
        report = Report()
        try:
            await self._runner.run(self._name, report, self._progress)
        except SwitchedOff:
            tell(self._name, report)
            return self._switched_off(report)
        except Busy as busy:
            log.debug("account %s: %s", self._name, busy)
            self._not_answered(rang)
            return _Rest(BUSY_SECONDS * self._jitter(), None)
        except Exception as error:  # noqa: BLE001 - a bug in one account's plugin must not stop the others
            self._not_answered(rang)
            self._finished(report, error, began, rang)
            return self._failed(error, report)
        self._finished(report, None, began, rang)
        return self._succeeded(report, asked=rang is not None)

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

    def _succeeded(self, report: Report, *, asked: bool) -> _Rest:
        if self._failures:
            log.info("account %(account)s works again", {"account": self._name})
        if self._off:
            log.info("account %(account)s is switched on again", {"account": self._name})
        self._failures, self._off = 0, False
        self._vain = self._vain + 1 if asked and not worked(report) else 0
        tell(self._name, report)
        tell_changed(self._name, self._notices, report.notices)
        self._notices = report.notices
        self._listen()
        stands = {"notices": report.notices, "held_since": report.held_since}
        self._note(State.WAITING, error=None, error_class=None, **stands, **self._read(report))
        return _Rest(self._poll() * self._jitter(), settle_after(self._vain), may_idle=report.at_rest)

    def _failed(self, error: Exception, report: Report) -> _Rest:
        if not self._failures:
            self._failing_since = self._clock.now()
        self._failures += 1
        rest = back_off(self._failures, error, self._poll()) * self._jitter()
        settle = settle_after_failure(self._failures, error)
        seconds = rest if settle is None or not self._rung else min(rest, settle)
        level = logging.WARNING if self._failures == 1 else logging.DEBUG
        problem = "account %(account)s failed, next try in %(seconds).0f s: %(problem)s"
        log.log(level, problem, {"account": self._name, "seconds": seconds, "problem": reason(error)})
        tell(self._name, report)
        what = {"error": reason(error), "error_class": class_of(error), **self._read(report)}
        what["next_try"] = self._clock.now() + timedelta(seconds=seconds)
        self._note(State.FAILING, since=self._failing_since, **what)
        return _Rest(rest, settle)

    def _switched_off(self, report: Report) -> _Rest:
        """Wait to be switched on: each poll asks whether it is, and whoever switches it wakes it."""
        if not self._off:
            log.info("account %(account)s is switched off", {"account": self._name})
        self._failures, self._off, self._notices = 0, True, Counter()
        self._stop_listening()
        nothing: dict[str, Any] = {"notices": Counter(), "held_since": {}}
        self._note(State.OFF, error=None, error_class=None, **nothing, **self._read(report))
        return _Rest(self._poll() * self._jitter(), SETTLE_SECONDS)

    def _read(self, report: Report) -> dict[str, Any]:
        """Return what each run changes in the status, however it ended."""
        good = {} if report.good_at is None else {"good_at": report.good_at}
        return {"progress": None, "next_try": None, "doorbell": self._hears, **good}

    def _progress(self, done: int, total: int) -> None:
        self._note(State.RUNNING, progress=(done, total), next_try=None)

    async def _wait(self, rest: _Rest) -> None:
        """Wait for the next run. A ring brings it forward, once rings settle; an errand ends it at once."""
        began = self._clock.now()
        due = began + timedelta(seconds=rest.seconds)
        idle = began + timedelta(seconds=rest.seconds * IDLE_POLLS)
        settled: datetime | None = None
        while not (self._ending or self._errands):
            now = self._clock.now()
            if self._rung and settled is None and rest.settle is not None:
                due = settled = min(due, now + timedelta(seconds=rest.settle))
            elif due == idle and not self._hears:
                due = min(due, now + timedelta(seconds=rest.seconds))
            if now >= due:
                if settled is not None or not rest.may_idle or not self._hears or due >= idle:
                    return
                due = idle
            self._stirred.clear()
            await self._clock.until(self._stirred, (due - now).total_seconds())

    @property
    def _hears(self) -> bool:
        return self._listening is not None and self._listening.hears

    def _listen(self) -> None:
        """Begin to listen to the doorbells. They ring at once, for what happened before."""
        if self._listening is None and not self._ending:
            doorbells = self._runner.doorbells(self._name)
            if not doorbells:
                return
            self._listening = Listening(
                self._name, doorbells, self._hear, self._stirred.set, self._clock, self._random
            )

    def _hear(self, why: str) -> None:
        self._note(doorbell=self._hears)
        if why != NOTHING_NEW:
            self.wake(why)

    def _stop_listening(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            self._unheard = [one for one in (*self._unheard, *self._listening.tasks) if not one.done()]
            self._listening = None

    def _jitter(self) -> float:
        return self._random.uniform(0.9, 1.1)


@dataclass(frozen=True, slots=True)
class _Rest:
    """How to wait between two runs."""

    seconds: float
    settle: float | None
    """How long a ring settles; None: no ring brings the next run forward."""
    may_idle: bool = False
    """Nothing is left to do: polls are left out while a doorbell would tell of a change."""


async def ended(tasks: Iterable[asyncio.Future[Any]]) -> list[Any]:
    """Cancel what is not done yet, and return what each one came to, its error too."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    return await asyncio.gather(*tasks, return_exceptions=True)
