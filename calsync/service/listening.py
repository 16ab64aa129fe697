"""Listening to an account's doorbells, again and again where one fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from calsync.errors import Retry, reason
from calsync.ports import Ring
from calsync.service.backoff import LISTEN_AGAIN, back_off

if TYPE_CHECKING:
    from random import Random

    from calsync.ports import Clock

Listen = Callable[[Ring], Awaitable[None]]
"""A calendar's `listen`."""
log = logging.getLogger("calsync.service")


class Ear:
    """Hears one doorbell, from when it is made until it is ended."""

    __slots__ = (
        "_account",
        "_began",
        "_call_off",
        "_clock",
        "_deaf",
        "_ended",
        "_failures",
        "_listen",
        "_random",
        "_ring",
        "_wait",
        "hears",
        "task",
    )

    task: asyncio.Future[None] | None
    """What listens, a task or what another one serves; None while it is not listened to."""

    def __init__(
        self, account: str, listen: Listen, ring: Ring, deaf: Callable[[], None], clock: Clock, random: Random
    ) -> None:
        """`ring` is called as the doorbell rings, `deaf` when it is not heard any more."""
        self._account = account
        self._listen = listen
        self._ring = ring
        self._deaf = deaf
        self._clock = clock
        self._random = random
        self.hears = False
        """Whether it has rung since it was last listened to anew."""
        self._failures, self._wait = 0, 0.0
        self._ended = False
        self._begin()

    def end(self) -> None:
        """Listen no more; the task ends soon."""
        self._ended = True
        self._call_off()
        if self.task is not None:
            self.task.cancel()

    def _begin(self) -> None:
        if self._ended:
            return
        self._began = self._clock.now()
        self._call_off: Callable[[], object] = nothing
        try:
            self.task = asyncio.ensure_future(self._listen(self._rang))
        except Exception as error:  # noqa: BLE001 - a plugin's `listen` that returns nothing to wait for
            self._over(error)
        else:
            self.task.add_done_callback(self._done)

    def _rang(self, why: str) -> None:
        if self._ended:  # the doorbell may not know yet
            return
        self.hears = True
        self._ring(why)

    def _done(self, task: asyncio.Future[None]) -> None:
        self._over(Retry("the listening was broken off") if task.cancelled() else task.exception())

    def _over(self, error: BaseException | None) -> None:
        """Listen again later where it failed: until then, the poll goes on without this doorbell."""
        self.hears, self.task = False, None
        if isinstance(error, Exception) and not self._ended:
            self._failed(error)
            self._call_off = self._clock.later(self._wait, self._begin)
        self._deaf()

    def _failed(self, error: Exception) -> None:
        """Tell of a failure, and find out how long to wait for the next try."""
        lasted = (self._clock.now() - self._began).total_seconds()
        self._failures = self._failures + 1 if lasted < self._wait else 1
        self._wait = back_off(self._failures, error, LISTEN_AGAIN) * self._random.uniform(0.9, 1.1)
        level = logging.WARNING if self._failures == 1 else logging.DEBUG
        problem = (
            "account %(account)s is only polled, its doorbell failed, next try in %(seconds).0f s: %(problem)s"
        )
        log.log(level, problem, {"account": self._account, "seconds": self._wait, "problem": reason(error)})


def nothing() -> None:
    """There is nothing to call off."""
