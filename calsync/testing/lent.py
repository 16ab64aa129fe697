"""What a host lends to a provider in a test: real time, the real network, and a memory that ends with it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from calsync.http import HttpFactory
from calsync.ports import Host, Learnt, SystemClock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.ports import Clock


class MemoryLearnt(Learnt):
    """Keeps in memory what a connection has found out."""

    def __init__(self) -> None:
        self.content: Mapping[str, Any] = {}

    def read(self) -> Mapping[str, Any]:
        return self.content

    def write(self, content: Mapping[str, Any]) -> None:
        self.content = content


def lent(connection: str = "tried", clock: Clock | None = None) -> Host:
    """Return a host for one connection of this name. `clock` is the machine's, if no other is given."""
    clock = clock or SystemClock()
    return Host(
        connection=connection,
        clock=clock,
        random=random.Random(1),  # noqa: S311 - a test's chance is to repeat
        http=HttpFactory(clock),
        learnt=MemoryLearnt(),
    )
