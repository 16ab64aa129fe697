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
    from collections.abc import Sequence
    from random import Random

    from calsync.ports import Clock

Listen = Callable[[Ring], Awaitable[None]]
"""A calendar's `listen`."""
log = logging.getLogger("calsync.service")


class Listening:
    """Rings as the doorbells do, from when it is made until it is cancelled."""

    def __init__(
        self,
        account: str,
        doorbells: Sequence[Listen],
        ring: Ring,
        deaf: Callable[[], None],
        clock: Clock,
        random: Random,
    ) -> None:
        """`deaf` is called when a doorbell is not heard any more."""
        self._account = account
        self._ring = ring
        self._deaf = deaf
        self._clock = clock
        self._random = random
        self._hears = [False] * len(doorbells)
        self.tasks = [asyncio.create_task(self._listen(number, listen)) for number, listen in enumerate(doorbells)]

    @property
    def hears(self) -> bool:
        """Whether each doorbell has rung since it was last listened to anew: then none of them is deaf."""
        return bool(self._hears) and all(self._hears)

    def cancel(self) -> None:
        for task in self.tasks:
            task.cancel()

    async def _listen(self, number: int, listen: Listen) -> None:
        failures, wait = 0, 0.0

        def ring(why: str) -> None:
            self._hears[number] = True
            self._ring(why)

        while True:
            began = self._clock.now()
            try:
                await listen(ring)
            except Exception as error:  # noqa: BLE001 - the poll goes on without this doorbell
                lasted = (self._clock.now() - began).total_seconds()
                failures = failures + 1 if lasted < wait else 1
                wait = back_off(failures, error, LISTEN_AGAIN) * self._random.uniform(0.9, 1.1)
                level = logging.WARNING if failures == 1 else logging.DEBUG
                problem = (
                    "account %(account)s is only polled, its doorbell failed,"
                    " next try in %(seconds).0f s: %(problem)s"
                )
                log.log(level, problem, {"account": self._account, "seconds": wait, "problem": reason(error)})
            else:
                return
            finally:
                self._hears[number] = False
                self._deaf()
            await self._clock.sleep(wait)
