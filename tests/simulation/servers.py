"""The servers behind the calendars, where a history has them: they take few requests at once, and ask for pauses.

What stands before them is calsync's own door with its budgets and pauses, but for the wire. All accounts have
their calendars at the same two servers, and each process has one door to each of them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from contextvars import ContextVar
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from calsync.errors import Retry
from calsync.http import Answer, Http
from tests.simulation.loop import PROCESS

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from calsync.sync.model import Side
    from tests.simulation.steps import Steps
    from tests.simulation.world import World

    Work = Callable[[], Awaitable[None]]

REQUEST: ContextVar[Request] = ContextVar("request")
"""What this task asks for."""
THROTTLES = (5, 20, 20, 100, 2000)
"""Seconds for which a server refuses everything; a request waits for half a minute."""
SOON = (0, 1, 3, 100)
"""Seconds until it begins to."""


class Request:
    """One call of a calendar, on its way through the door."""

    def __init__(self, lane: str, work: Work) -> None:
        """`lane`: what the server counts it by; `work`: what it does there."""
        self.lane = lane
        self.work = work
        self.refused = 0
        """How often it was one too many."""
        self.done = False


class Door(Http):
    """A process's way to a server: the production's, and behind it no wire but the server itself."""

    def __init__(self, server: Server) -> None:
        super().__init__(server.name, "https://calendars.example", server.clock, concurrency=server.concurrency)
        self._server = server
        self.busy = 0
        """How many of its requests the server works on."""
        self.pauses: dict[str, datetime] = {}
        """Until when the server has asked for silence, by what it counts by."""

    @property
    def full(self) -> bool:
        """Whether another request has to wait for its turn."""
        return self.busy >= self._server.concurrency

    async def _send(self, *_: Any) -> Answer:
        return await self._server.serve(self, REQUEST.get())


class Server:
    """One of the two, and the judge of how it is treated."""

    def __init__(self, world: World, side: Side, dice: random.Random) -> None:
        self.name = side.value
        self.clock = world.clock
        self.concurrency = dice.choice([1, 2, 2, 4])
        self._by_mailbox = dice.random() < 0.5
        self._dice = dice
        self._world = world
        self._throttles = world.clock.now()
        """Until then it refuses everything."""
        self._doors: dict[Steps | None, Door] = defaultdict(lambda: Door(self))

    @property
    def pause(self) -> int:
        """For how many seconds it still refuses everything."""
        return max(0, math.ceil((self._throttles - self.clock.now()).total_seconds()))

    async def ask(self, account: str, work: Work, *, changes: bool) -> None:
        """Do what a call of an account's calendar does, once the door lets it through. Raises Retry."""
        door, mix = self._doors[PROCESS.get()], self._world.mix
        request = Request(account if self._by_mailbox else "", work)
        REQUEST.set(request)
        mix["throttles: waited for its turn"] += door.full
        try:
            answer = await door.request("POST", "/", headers={}, changes=changes, lane=request.lane)
        except Retry:
            mix["throttles: nothing was sent"] += not request.refused and not request.done
            raise
        if not answer.ok:
            raise Retry(f"{self.name}: busy", after=door.retry_after(answer, 0))
        mix["throttles: waited for a pause"] += bool(request.refused)

    async def serve(self, door: Door, request: Request) -> Answer:
        """Answer a request that was sent, and judge that it was."""
        now = self.clock.now()
        if now < door.pauses.get(request.lane, now):
            self._world.fail("requests", f"{self.name} was asked in the pause that it had asked for")
        door.busy += 1
        try:
            if door.busy > self.concurrency:
                self._world.fail("requests", f"{self.name} was asked for {door.busy} things at once")
            if now < self._throttles:
                return self._refuse(door, request)
            await request.work()
            request.done = True
            return Answer(200, {}, b"")
        finally:
            door.busy -= 1

    def throttle_soon(self) -> None:
        """Let it refuse everything for a while, perhaps in the midst of a run."""
        loop, seconds = self._world.loop, self._dice.choice(THROTTLES)
        loop.call_later(self._dice.choice(SOON), self._throttle, seconds, context=self._world.context)

    def mend(self) -> None:
        """Let it serve everybody again. Each command of a person is a process of its own, with its own door."""
        self._throttles = self.clock.now()
        self._doors.pop(None, None)

    def _throttle(self, seconds: float) -> None:
        if self._world.meddlesome:
            self._throttles = self.clock.now() + timedelta(seconds=seconds)
            self._world.mix["throttles"] += 1
            self._world.note(f"{self.name} throttles for {seconds} s")

    def _refuse(self, door: Door, request: Request) -> Answer:
        """Ask for a pause until it serves again, as a number of seconds or as a date."""
        request.refused += 1
        self._world.mix["throttles: refused"] += 1
        until = self.clock.now() + timedelta(seconds=self.pause)
        told = str(self.pause)
        if self._dice.random() < 0.3:
            until = self._throttles.replace(microsecond=0)
            told = format_datetime(until, usegmt=True)
        door.pauses[request.lane] = max(until, door.pauses.get(request.lane, until))
        return Answer(self._dice.choice([429, 429, 503]), {"Retry-After": told}, b"")
