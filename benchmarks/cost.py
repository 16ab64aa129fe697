"""What a piece of work costs its client: seconds, CPU and memory, in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import resource
import subprocess
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

P = ParamSpec("P")
T = TypeVar("T")


KB = 1000.0
"""Of an MB. Linux counts memory in units of 1,024 bytes, which is near enough."""
GLANCE = 0.02
"""Seconds between two looks at a program that runs: its time is no more exact than that."""


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
    cost.memory = _peak("self")


def of_command(command: Sequence[str], **environment: str) -> tuple[bytes, Cost]:
    """Run a program from its start to its end; return what it prints, and its cost. Raises CalledProcessError."""
    with tempfile.TemporaryFile() as printed:
        began, memory = time.monotonic(), 0.0
        with subprocess.Popen(command, stdout=printed, env={**os.environ, **environment}) as process:
            ended = 0
            while not ended:
                memory = max(memory, _peak(process.pid))
                time.sleep(GLANCE)
                ended, status, usage = os.wait4(process.pid, os.WNOHANG)
            process.returncode = os.waitstatus_to_exitcode(status)
        cost = Cost(time.monotonic() - began, usage.ru_utime + usage.ru_stime, began, memory)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        printed.seek(0)
        return printed.read(), cost


def _peak(process: int | str) -> float:
    """Return the most MB that a process had resident so far; 0 for one that has ended.

    Not `ru_maxrss`: what a program inherits of that is its parent's.
    """
    try:
        lines = Path(f"/proc/{process}/status").read_text("ascii", "replace").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / KB for line in lines if line.startswith("VmHWM:")), 0.0)


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
