"""Listening to an account's doorbells, again and again where one fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from calsync.errors import reason
from calsync.ports import Ring
from calsync.service.backoff import LISTEN_AGAIN, back_off

if TYPE_CHECKING:
    from random import Random

    from calsync.ports import Clock

Listen = Callable[[Ring], Awaitable[None]]
"""A calendar's `listen`."""
log = logging.getLogger("calsync.service")


class Ear:
    """Hears one doorbell, from when it is made until its task is cancelled."""

    __slots__ = ("_account", "_clock", "_deaf", "_random", "_ring", "hears", "task")

    def __init__(
        self, account: str, listen: Listen, ring: Ring, deaf: Callable[[], None], clock: Clock, random: Random
    ) -> None:
        """`ring` is called as the doorbell rings, `deaf` when it is not heard any more."""
        self._account = account
        self._ring = ring
        self._deaf = deaf
        self._clock = clock
        self._random = random
        self.hears = False
        """Whether it has rung since it was last listened to anew."""
        self.task = asyncio.create_task(self._keep(listen))

    async def _keep(self, listen: Listen) -> None:
        failures, wait = 0, 0.0
        while True:
            began = self._clock.now()
            try:
                await listen(self._rang)
            except Exception as error:  # noqa: BLE001 - the poll goes on without this doorbell
                lasted = (self._clock.now() - began).total_seconds()
                failures = failures + 1 if lasted < wait else 1
                wait = self._failed(error, failures)
            else:
                return
            finally:
                self.hears = False
                self._deaf()
            await self._clock.sleep(wait)

    def _rang(self, why: str) -> None:
        self.hears = True
        self._ring(why)

    def _failed(self, error: Exception, failures: int) -> float:
        """Tell of a failure, and return the seconds until the next try."""
        wait = back_off(failures, error, LISTEN_AGAIN) * self._random.uniform(0.9, 1.1)
        level = logging.WARNING if failures == 1 else logging.DEBUG
        problem = (
            "account %(account)s is only polled, its doorbell failed, next try in %(seconds).0f s: %(problem)s"
        )
        log.log(level, problem, {"account": self._account, "seconds": wait, "problem": reason(error)})
        return wait
