"""`calsync run` in processes of their own, as many and as often as a test likes.

They are forked from one that has imported everything already: a start costs milliseconds instead of half a second,
so a test spends its time with calsync at work. From the command's function on, it is what a user runs.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator

    from tests.e2e.conftest import World

FORKS = """
import os, signal, sys
import calsync.app, calsync.cli
import calsync_flowfact.provider, calsync_graph.provider, calsync_rules

{changes}
# Nobody waits for the dead; without this they would seem to live.
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while sys.stdin.readline():
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        sys.exit(calsync.cli.run(["run", "-c", sys.argv[1]]))
    print(pid, flush=True)
"""
LOG = "forks.log"
GLANCE_SECONDS = 0.002


class Forks:
    """Starts services, and sends them signals."""

    def __init__(self, source: Process) -> None:
        self._source = source
        self._started: list[int] = []

    async def start(self) -> int:
        """Start one service and return its process id."""
        assert self._source.stdin is not None
        assert self._source.stdout is not None
        self._source.stdin.write(b"\n")
        pid = int(await self._source.stdout.readline())
        self._started.append(pid)
        return pid

    async def kill(self, pid: int) -> None:
        """kill -9, and wait until it is dead."""
        await self._end(pid, signal.SIGKILL)

    async def stop(self, pid: int) -> None:
        """End it in order."""
        await self._end(pid, signal.SIGTERM)

    async def close(self) -> None:
        for pid in self._started:
            if runs(pid):
                await self._end(pid, signal.SIGKILL)
        self._source.kill()
        await self._source.communicate()

    async def _end(self, pid: int, number: signal.Signals) -> None:
        os.kill(pid, number)
        async with asyncio.timeout(30):
            while runs(pid):  # noqa: ASYNC110 - it is no child of this process, so nobody is told of its end
                await asyncio.sleep(GLANCE_SECONDS)


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@asynccontextmanager
async def forks(world: World, changes: str = "") -> AsyncIterator[Forks]:
    """Services of this world's configuration. `changes` is Python that is run before the first one starts."""
    pipe = asyncio.subprocess.PIPE
    arguments = ["-c", FORKS.format(changes=changes), str(world.configuration)]
    with (world.folder / LOG).open("ab") as log:
        source = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, stdin=pipe, stdout=pipe, stderr=log
        )
    found = Forks(source)
    try:
        yield found
    finally:
        await found.close()
