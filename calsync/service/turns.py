"""Who may run now: runs take turns at the connections that they use.

A run that somebody waits for, because a doorbell rang or a person asked, goes before polls and first syncs.
Neither kind takes all places of a connection, so neither keeps the other one waiting for good.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

AT_ONCE = 16
"""Runs that use one connection at the same time."""
OF_ONE_KIND = 12
"""How many of them may be urgent, and how many may not."""


class Turns:
    """The places of all connections, and who waits for them."""

    def __init__(self, at_once: int = AT_ONCE, of_one_kind: int = OF_ONE_KIND) -> None:
        self._at_once = at_once
        self._of_one_kind = of_one_kind
        self._numbers = count()
        self._waiting: dict[bool, dict[frozenset[str], deque[Turn]]] = {True: {}, False: {}}
        """By urgency and by what is used: only the first of each queue has to be looked at."""
        self._taken: Counter[tuple[str, bool]] = Counter()

    def ask(self, connections: Iterable[str], *, urgent: bool) -> Turn:
        """Return a turn at all of these connections at once, which is waited for by entering it."""
        return Turn(self, frozenset(connections), next(self._numbers), urgent=urgent)

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return sum(len(queue) for queues in self._waiting.values() for queue in queues.values())

    def queue(self, turn: Turn) -> None:
        self._waiting[turn.urgent].setdefault(turn.connections, deque()).append(turn)
        self._grant()

    def leave_queue(self, turn: Turn) -> None:
        queue = self._waiting[turn.urgent][turn.connections]
        queue.remove(turn)
        if not queue:
            del self._waiting[turn.urgent][turn.connections]

    def give_back(self, turn: Turn) -> None:
        self._taken.subtract((connection, turn.urgent) for connection in turn.connections)
        self._grant()

    def _grant(self) -> None:
        for urgent in (True, False):
            while (turn := self._first(urgent=urgent)) is not None:
                self.leave_queue(turn)
                self._taken.update((connection, urgent) for connection in turn.connections)
                turn.begin()

    def _first(self, *, urgent: bool) -> Turn | None:
        """Return who has waited longest of those whose connections all have a place."""
        ready = [
            queue[0]
            for connections, queue in self._waiting[urgent].items()
            if all(self._is_free(connection, urgent=urgent) for connection in connections)
        ]
        return min(ready, key=lambda turn: turn.number, default=None)

    def _is_free(self, connection: str, *, urgent: bool) -> bool:
        mine, others = self._taken[connection, urgent], self._taken[connection, not urgent]
        return mine < self._of_one_kind and mine + others < self._at_once


class Turn:
    """One run's turn: from entering, which waits for it, to leaving."""

    def __init__(self, turns: Turns, connections: frozenset[str], number: int, *, urgent: bool) -> None:
        self.connections = connections
        self.number = number
        self.urgent = urgent
        self._turns = turns
        self._begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def begin(self) -> None:
        self._begun.set_result(None)

    def hurry(self) -> None:
        """Have one that still waits go before those for whom nobody waits."""
        if not self.urgent and not self._begun.done():
            self._turns.leave_queue(self)
            self.urgent = True
            self._turns.queue(self)

    async def __aenter__(self) -> None:
        self._turns.queue(self)
        try:
            # Shielded: who is cancelled stays in the queue until it goes on here, and may be given a turn still.
            await asyncio.shield(self._begun)
        except asyncio.CancelledError:
            if self._begun.done():
                self._turns.give_back(self)  # it was given just now
            else:
                self._turns.leave_queue(self)
            raise

    async def __aexit__(self, *_: object) -> None:
        self._turns.give_back(self)
