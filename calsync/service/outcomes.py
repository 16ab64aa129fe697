"""How an account stands: what its runs came to, as the board and the log are told, and how long it waits then."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from calsync.errors import Busy, SwitchedOff, class_of, reason
from calsync.service.backoff import (
    BUSY_SECONDS,
    SETTLE_SECONDS,
    back_off,
    settle_after,
    settle_after_failure,
)
from calsync.service.board import State
from calsync.service.telling import tell, tell_changed, worked
from calsync.service.wait import Wait

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from random import Random

    from calsync.engine import Notices, Report
    from calsync.ports import Clock
    from calsync.service.board import Board
    from calsync.service.runner import Recalled

log = logging.getLogger("calsync.service")


class Outcomes:
    """What is remembered of an account's runs."""

    __slots__ = (
        "_board",
        "_clock",
        "_failing_since",
        "_failures",
        "_name",
        "_notices",
        "_off",
        "_poll",
        "_random",
        "_vain",
    )

    def __init__(self, name: str, clock: Clock, random: Random, poll: Callable[[], float], board: Board) -> None:
        """`poll` returns the seconds between two runs."""
        self._name = name
        self._clock = clock
        self._random = random
        self._poll = poll
        self._board = board
        self._failures = self._vain = 0
        self._failing_since: datetime | None = None
        self._off = False
        self._notices: Notices = Counter()

    def recall(self, recalled: Recalled) -> Wait:
        """Show what its last run came to, as whoever was told of that would."""
        report, error = recalled.report, recalled.error
        if report is not None and not isinstance(error, Busy):
            self._notices = report.notices
            if error is None:
                self._board.note(self._name, State.WAITING, notices=report.notices, held_since=report.held_since)
            elif isinstance(error, SwitchedOff):
                self._off = True
                self._board.note(self._name, State.OFF)
            else:
                self._failures, self._failing_since = 1, self._clock.now()
                what = {"error": reason(error), "error_class": class_of(error)}
                self._board.note(self._name, State.FAILING, next_try=recalled.due, **what)
        seconds = (recalled.due - self._clock.now()).total_seconds()
        return Wait(self._clock.now(), max(0.0, seconds), SETTLE_SECONDS)

    def succeeded(self, report: Report, *, asked: bool, hears: bool) -> Wait:
        """Take note of a run that went well; `asked`: a ring or a person brought it."""
        if self._failures:
            log.info("account %(account)s works again", {"account": self._name})
        if self._off:
            log.info("account %(account)s is switched on again", {"account": self._name})
        self._failures, self._off = 0, False
        self._vain = self._vain + 1 if asked and not worked(report) else 0
        tell(self._name, report)
        tell_changed(self._name, self._notices, report.notices)
        self._notices = report.notices
        stands = {"notices": report.notices, "held_since": report.held_since}
        self._board.note(
            self._name, State.WAITING, error=None, error_class=None, **stands, **_read(report, hears=hears)
        )
        return self._wait(self._poll() * self._jitter(), settle_after(self._vain), may_idle=report.at_rest)

    def failed(self, error: Exception, report: Report, *, rung: bool, hears: bool) -> Wait:
        """Take note of a run that failed; `rung`: somebody has called it meanwhile, or was not answered."""
        if not self._failures:
            self._failing_since = self._clock.now()
        self._failures += 1
        rest = back_off(self._failures, error, self._poll()) * self._jitter()
        settle = settle_after_failure(self._failures, error)
        seconds = rest if settle is None or not rung else min(rest, settle)
        level = logging.WARNING if self._failures == 1 else logging.DEBUG
        problem = "account %(account)s failed, next try in %(seconds).0f s: %(problem)s"
        log.log(level, problem, {"account": self._name, "seconds": seconds, "problem": reason(error)})
        tell(self._name, report)
        what = {"error": reason(error), "error_class": class_of(error), **_read(report, hears=hears)}
        what["next_try"] = self._clock.now() + timedelta(seconds=seconds)
        self._board.note(self._name, State.FAILING, since=self._failing_since, **what)
        return self._wait(rest, settle)

    def switched_off(self, report: Report) -> Wait:
        """Wait to be switched on: each poll asks whether it is, and whoever switches it wakes it."""
        tell(self._name, report)
        if not self._off:
            log.info("account %(account)s is switched off", {"account": self._name})
        self._failures, self._off, self._notices = 0, True, Counter()
        nothing: dict[str, Any] = {"notices": Counter(), "held_since": {}}
        self._board.note(
            self._name, State.OFF, error=None, error_class=None, **nothing, **_read(report, hears=False)
        )
        return self._wait(self._poll() * self._jitter(), SETTLE_SECONDS)

    def busy(self, busy: Busy) -> Wait:
        """Wait for another process, which works on it."""
        log.debug("account %s: %s", self._name, busy)
        return self._wait(BUSY_SECONDS * self._jitter(), None)

    def _wait(self, seconds: float, settle: float | None, *, may_idle: bool = False) -> Wait:
        return Wait(self._clock.now(), seconds, settle, may_idle=may_idle)

    def _jitter(self) -> float:
        return self._random.uniform(0.9, 1.1)


def _read(report: Report, *, hears: bool) -> dict[str, Any]:
    """Return what each run changes in the status, however it ended."""
    good = {} if report.good_at is None else {"good_at": report.good_at}
    return {"progress": None, "next_try": None, "doorbell": hears, **good}
