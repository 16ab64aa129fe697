"""What a piece of work costs its client: seconds, CPU and memory, in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import resource
import subprocess
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

P = ParamSpec("P")
T = TypeVar("T")


MB = 1000.0
"""Of the kB in which Linux counts memory: 1,024 bytes, which is near enough."""


@dataclass(slots=True)
class Cost:
    """Seconds; CPU is that of the process in user and system mode."""

    wall: float = 0.0
    cpu: float = 0.0
    began: float = 0.0
    """On the monotonic clock, which all processes of a machine share."""
    memory: float = 0.0
    """The most MB that the process had resident until then, what it had imported included."""
    requests: int = 0
    """How many requests arrived at the servers, where somebody has counted them."""


@contextmanager
def measured() -> Iterator[Cost]:
    """Fill in the cost of what happens inside, for this process alone."""
    cost = Cost(began=time.monotonic())
    used = cpu_seconds(resource.RUSAGE_SELF)
    yield cost
    cost.wall = time.monotonic() - cost.began
    cost.cpu = cpu_seconds(resource.RUSAGE_SELF) - used
    cost.memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB


def of_command(command: Sequence[str], **environment: str) -> tuple[bytes, Cost]:
    """Run a program from its start to its end; return what it prints, and its cost. Raises CalledProcessError."""
    began = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **environment}) as process:
        printed = process.stdout.read() if process.stdout else b""
        _, status, usage = os.wait4(process.pid, 0)  # of this child alone, with its own peak of memory
        process.returncode = os.waitstatus_to_exitcode(status)
    cost = Cost(time.monotonic() - began, usage.ru_utime + usage.ru_stime, began, usage.ru_maxrss / MB)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return printed, cost


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
