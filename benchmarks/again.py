"""calsync in a process that stays: it syncs all accounts of a configuration each time that it is told to, as its
service does: an account at rest only as far as its sides tell of something.

For what a run costs without the start of Python, the sign-in and the first look at a tenant. One line on standard
input is one sync, one line on standard output what it has cost. Run: python -m benchmarks.again CONFIGURATION
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from unittest.mock import patch

from benchmarks.cost import Cost, measured
from calsync.app import App
from calsync.engine import Engine
from calsync.once import Once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calsync.records import Runs, Store


class Again:
    """The process, for whoever asks it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @classmethod
    @contextmanager
    def running(cls, configuration: str) -> Iterator[Self]:
        """Run it from entering to leaving."""
        command = [sys.executable, "-m", "benchmarks.again", configuration]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            yield cls(process)
            process.communicate()

    def sync(self) -> tuple[dict[str, int], Cost]:
        """Sync once; return what was done on the left sides, and its cost. Raises RuntimeError."""
        if self._process.stdin is None or self._process.stdout is None:
            raise TypeError("it is asked through its standard input")
        print(file=self._process.stdin, flush=True)
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        if told["failed"]:
            raise RuntimeError(f"{told['failed']} accounts failed")
        return told["done"], Cost(**told["cost"])


class _Polling(Engine):
    """Polls where it is told to run."""

    def __init__(self, *known: Any) -> None:
        super().__init__(*known)
        self._polled = Engine(*known)

    async def run(self, *what: Any, **how: Any) -> None:
        await self._polled.poll(*what, **how)


def _polling(once: Once, store: Store, runs: Runs) -> Engine:
    return _Polling(store, runs, once._clock, once._random, "benchmark")  # noqa: SLF001 - what `sync` runs with


async def _serve(configuration: Path) -> None:
    async with App.open(configuration) as app:
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, sys.stdin.readline):
            with measured() as cost:
                result = await app.sync(None)
            counts = [account.left for account in result.accounts.values()]
            done = {name: sum(getattr(one, name) for one in counts) for name in ("created", "updated", "deleted")}
            told = {
                "failed": sum(not account.ok for account in result.accounts.values()),
                "done": {name: number for name, number in done.items() if number},
                "cost": {name: getattr(cost, name) for name in ("wall", "cpu", "began", "memory")},
            }
            print(json.dumps(told), flush=True)


if __name__ == "__main__":
    with patch.object(Once, "_engine", _polling):
        asyncio.run(_serve(Path(sys.argv[1])))
