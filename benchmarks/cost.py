"""What a piece of work costs its client: seconds on the wall, and seconds of CPU in a process of its own."""

from __future__ import annotations

import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True)
class Cost:
    """Seconds; CPU is that of the process in user and system mode."""

    wall: float = 0.0
    cpu: float = 0.0
    began: float = 0.0
    """On the monotonic clock, which all processes of a machine share."""


@contextmanager
def measured() -> Iterator[Cost]:
    """Fill in the cost of what happens inside, for this process alone."""
    cost = Cost(began=time.monotonic())
    used = cpu_seconds(resource.RUSAGE_SELF)
    yield cost
    cost.wall = time.monotonic() - cost.began
    cost.cpu = cpu_seconds(resource.RUSAGE_SELF) - used


def cpu_seconds(whose: int) -> float:
    """Return what a process, or its children that have ended, have used so far: `resource.RUSAGE_*`."""
    usage = resource.getrusage(whose)
    return usage.ru_utime + usage.ru_stime


def alone(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Do a piece of work in a fresh process, which no other contender has warmed up, and return its result."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(work, *arguments, **named).result()


async def cost_of(ask: Callable[[], Awaitable[object]]) -> Cost:
    """Return what one call costs this process."""
    with measured() as cost:
        await ask()
    return cost
