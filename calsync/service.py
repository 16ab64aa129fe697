"""Many accounts, each run again and again until the service stops: polled, and sooner where a doorbell rings."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from calsync.engine import Report
from calsync.errors import Retry, reason
from calsync.reasons import sentence

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime
    from random import Random

    from calsync.engine import Notices
    from calsync.ports import Clock, Ring

    Listen = Callable[[Ring], Awaitable[None]]

LONGEST_WAIT = 3600.0
"""Seconds between two tries of an account that keeps failing."""
STOP_SECONDS = 8.0
"""How long runs may finish what they are doing when the service stops."""

SETTLE_SECONDS = 0.3
"""How long a ring waits for others: one change rings several times, and what calsync writes rings too."""
LONGEST_SETTLE = 60.0
"""As SETTLE_SECONDS, where ring after ring makes runs with nothing to do: each waits twice as long as the last."""
LISTEN_AGAIN = 60.0
"""Seconds until a doorbell that failed is listened to again; twice as long each further time."""

log = logging.getLogger("calsync.service")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A run of an account that came to its end."""

    account: str
    report: Report
    error: Exception | None
    at: datetime
    seconds: float
    """How long it took."""
    since_ring: float | None
    """Seconds from the first ring that it answers to its end; None where it was a poll."""


class Service:
    """Polls accounts with jitter, and sooner where a doorbell rings (docs/decisions/0018).

    A failing account backs off and never delays another.
    """

    def __init__(
        self,
        run_account: Callable[[str, Report], Awaitable[None]],
        clock: Clock,
        random: Random,
        poll_seconds: float,
        doorbells: Callable[[str], Iterable[Listen]] = lambda _: (),
        finished: Callable[[Finished], object] = lambda _: None,
    ) -> None:
        """`run_account` runs one account once, and tells the report what it does.

        It raises CalsyncError, or anything else for a bug. `doorbells` returns those of an account that was run.
        `finished` is told each run that was not cut off; it may neither raise nor wait.
        """
        self._run_account = run_account
        self._clock = clock
        self._random = random
        self._poll_seconds = poll_seconds
        self._doorbells = doorbells
        self._finished = finished
        self._rang: dict[str, datetime] = {}
        """When the doorbell rang first that no run has answered yet."""
        self._rung: dict[str, asyncio.Event] = {}
        self._listeners: dict[str, list[asyncio.Task[None]]] = {}

    async def run(self, accounts: Iterable[str], stop: asyncio.Event) -> None:
        """Serve the accounts until `stop` is set, then let the runs end, at most for STOP_SECONDS."""
        self._rung = {name: asyncio.Event() for name in accounts}
        stopping = asyncio.create_task(stop.wait())
        tasks = [asyncio.create_task(self._serve(name, stopping), name=name) for name in self._rung]
        try:
            await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
            stop.set()
            for listener in self._listening():
                listener.cancel()
            await asyncio.wait([stopping, *tasks], timeout=STOP_SECONDS)
        except asyncio.CancelledError:
            await _ended([stopping, *tasks, *self._listening()])
            raise
        for result in await _ended([stopping, *tasks, *self._listening()]):
            if isinstance(result, Exception):
                raise result

    def wake(self, account: str, reason: str) -> None:
        """Have an account run soon, and once more where a run of it goes on. Several rings make one run."""
        rung = self._rung.get(account)
        if rung is not None and not rung.is_set():
            log.debug("account %s is woken: %s", account, reason)
            self._rang[account] = self._clock.now()
            rung.set()

    async def _serve(self, name: str, stopping: asyncio.Task[Any]) -> None:
        rung, failures, vain = self._rung[name], 0, 0
        notices: Notices = Counter()
        while not stopping.done():
            rung.clear()  # before the run: what rings meanwhile makes another one
            rang, began = self._rang.pop(name, None), self._clock.now()
            report = Report()
            try:
                await self._run_account(name, report)
            except Exception as error:  # noqa: BLE001 - a bug in one account's plugin must not stop the others
                failures += 1
                wait = _back_off(failures, error, self._poll_seconds) * self._jitter()
                settle = None if _says_when(error) else _doubled(SETTLE_SECONDS, failures)
                if rang is not None:
                    rung.set()  # nobody has looked yet
                    self._rang[name] = rang
                level = logging.WARNING if failures == 1 else logging.DEBUG
                problem = "account %(account)s failed, next try in %(seconds).0f s: %(problem)s"
                log.log(level, problem, {"account": name, "seconds": wait, "problem": reason(error)})
                _tell(name, report)
                self._tell_finished(name, report, error, began, rang)
            else:
                if failures:
                    log.info("account %(account)s works again", {"account": name})
                failures = 0
                vain = vain + 1 if rang is not None and not _worked(report) else 0
                wait = self._poll_seconds * self._jitter()
                settle = min(LONGEST_SETTLE, _doubled(SETTLE_SECONDS, vain - 1))
                _tell(name, report)
                _tell_changed(name, notices, report.notices)
                notices = report.notices
                self._tell_finished(name, report, None, began, rang)
                self._listen_to(name, stopping)
            await self._rest(wait, settle, rung, stopping)

    def _tell_finished(
        self, name: str, report: Report, error: Exception | None, began: datetime, rang: datetime | None
    ) -> None:
        now = self._clock.now()
        self._finished(
            Finished(
                account=name,
                report=report,
                error=error,
                at=now,
                seconds=(now - began).total_seconds(),
                since_ring=None if rang is None else (now - rang).total_seconds(),
            )
        )

    async def _rest(
        self, seconds: float, settle: float | None, rung: asyncio.Event, stopping: asyncio.Task[Any]
    ) -> None:
        """Wait for the next run. A ring brings it forward, but for the time it settles; None: no ring does."""
        waiting = [asyncio.ensure_future(self._clock.sleep(seconds))]
        if settle is not None:
            waiting.append(asyncio.ensure_future(self._settled(rung, settle)))
        try:
            await asyncio.wait([stopping, *waiting], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        await _ended(waiting)

    async def _settled(self, rung: asyncio.Event, settle: float) -> None:
        await rung.wait()
        await self._clock.sleep(settle)

    def _listening(self) -> list[asyncio.Task[None]]:
        return [listener for listeners in self._listeners.values() for listener in listeners]

    def _listen_to(self, name: str, stopping: asyncio.Task[Any]) -> None:
        """Begin to listen to an account's doorbells. They ring at once, for what happened before."""
        if name not in self._listeners and not stopping.done():
            self._listeners[name] = [
                asyncio.create_task(self._listen(name, doorbell)) for doorbell in self._doorbells(name)
            ]

    async def _listen(self, name: str, listen: Listen) -> None:
        failures, wait = 0, 0.0
        while True:
            began = self._clock.now()
            try:
                await listen(partial(self.wake, name))
            except Exception as error:  # noqa: BLE001 - the poll goes on without this doorbell
                lasted = (self._clock.now() - began).total_seconds()
                failures = failures + 1 if lasted < wait else 1
                wait = _back_off(failures, error, LISTEN_AGAIN) * self._jitter()
                level = logging.WARNING if failures == 1 else logging.DEBUG
                problem = (
                    "account %(account)s is only polled, its doorbell failed,"
                    " next try in %(seconds).0f s: %(problem)s"
                )
                log.log(level, problem, {"account": name, "seconds": wait, "problem": reason(error)})
            else:
                return
            await self._clock.sleep(wait)

    def _jitter(self) -> float:
        return self._random.uniform(0.9, 1.1)


async def _ended(tasks: Iterable[asyncio.Future[Any]]) -> list[Any]:
    """Cancel what is not done yet, and return what each one came to, its error too."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    return await asyncio.gather(*tasks, return_exceptions=True)


def _doubled(seconds: float, times: int) -> float:
    return seconds * 2.0 ** min(max(times, 0), 10)


def _back_off(failures: int, error: Exception, first: float) -> float:
    """Return the seconds until the next try: `first`, then twice as long each time, or what the server asks."""
    wait = min(LONGEST_WAIT, _doubled(first, failures - 1))
    if isinstance(error, Retry) and error.after is not None:
        return max(error.after, min(wait, first))
    return wait


def _says_when(error: Exception) -> bool:
    """Tell whether the server has said when to try again."""
    return isinstance(error, Retry) and error.after is not None


def _worked(report: Report) -> bool:
    return any(counts.writes or counts.linked for counts in report.counts.values())


def _tell(name: str, report: Report) -> None:
    for side, counts in report.counts.items():
        if counts.writes or counts.linked:  # what failed stands among the notices
            log.info(
                "account %(account)s, %(side)s: created %(created)d, updated %(updated)d, deleted %(deleted)d,"
                " linked %(linked)d, failed %(failed)d",
                {
                    "account": name,
                    "side": side.value,
                    "created": counts.created,
                    "updated": counts.updated,
                    "deleted": counts.deleted,
                    "linked": counts.linked,
                    "failed": counts.failed,
                },
            )
    for (kind, side, word), count in sorted(report.remarks.items()):
        told = {"account": name, "side": side.value, "operation": kind.value, "reason": word, "count": count}
        log.info(
            "account %(account)s, %(side)s: %(operation)s, %(reason)s: %(count)d. %(advice)s",
            {**told, "advice": sentence(word)},
        )


def _tell_changed(name: str, before: Notices, now: Notices) -> None:
    """Tell of what is not carried out only what changed since the last run: much of it waits for days."""
    for key in sorted(before.keys() | now.keys()):
        if before[key] != now[key]:
            kind, side, word = key
            advice = f". {sentence(word)}" if now[key] else ""
            log.info(
                "account %(account)s, %(side)s: %(operation)s, %(reason)s: %(count)d, before %(before)d%(advice)s",
                {
                    "account": name,
                    "side": side.value,
                    "operation": kind.value,
                    "reason": word,
                    "count": now[key],
                    "before": before[key],
                    "advice": advice,
                },
            )
