"""Sign-ins are slowed down after failures, per name and per sender. Nobody is locked out."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from calsync.ports import Clock

FREE = 3
"""Failures that cost nothing: people mistype."""
FIRST = 0.5
LONGEST = {"name": 4.0, "sender": 30.0}
"""Seconds. A name is known to others than its owner, who must not wait for ever because of them."""
FORGOTTEN = timedelta(minutes=15)
WAITING = 5
"""How many sign-ins of one sender may wait for each other."""
KEPT = 10_000


class TooMany(Exception):  # noqa: N818 - errors are named as outcomes
    """A sender tries more at once than a person would."""


@dataclass(slots=True)
class _Failures:
    count: int
    last: datetime


@dataclass(slots=True)
class _Queue:
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


class Throttle:
    """Remembers failures for a quarter of an hour, in memory."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], _Failures] = OrderedDict()
        self._queues: dict[str, _Queue] = {}

    @asynccontextmanager
    async def attempt(self, name: str, address: str) -> AsyncIterator[None]:
        """Let a sign-in wait as long as it must, one of a sender after the other. Raises TooMany."""
        sender = sender_of(address)
        queue = self._queues.setdefault(sender, _Queue())
        if queue.waiting >= WAITING:
            raise TooMany
        queue.waiting += 1
        try:
            async with queue.turn:
                wait = max(self.delay("name", _name(name)), self.delay("sender", sender))
                if wait:
                    await self._clock.sleep(wait)
                yield
        finally:
            queue.waiting -= 1
            if not queue.waiting:
                del self._queues[sender]

    def delay(self, kind: str, key: str) -> float:
        """Return for how many seconds the next try waits."""
        found = self._failures.get((kind, key))
        if found is None or found.count < FREE or self._clock.now() - found.last > FORGOTTEN:
            return 0.0
        return min(LONGEST[kind], FIRST * 2.0 ** min(found.count - FREE, 10))

    def failed(self, name: str, address: str) -> None:
        for key in (("name", _name(name)), ("sender", sender_of(address))):
            found = self._failures.pop(key, None)
            lately = found is not None and self._clock.now() - found.last <= FORGOTTEN
            count = found.count + 1 if found is not None and lately else 1
            self._failures[key] = _Failures(count, self._clock.now())
        while len(self._failures) > KEPT:
            self._failures.popitem(last=False)

    def succeeded(self, name: str) -> None:
        """Forget a name's failures. Its sender's stay: who knows one password may be after another's."""
        self._failures.pop(("name", _name(name)), None)


def sender_of(address: str) -> str:
    """Return what stands for one sender: an IPv4 address, or the network that a household gets of IPv6."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if known.version == 4:  # noqa: PLR2004 - IPv4
        return str(known)
    return str(ip_network(f"{known}/64", strict=False))


def _name(name: str) -> str:
    return name.strip().casefold()[:64]
