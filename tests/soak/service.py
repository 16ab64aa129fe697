"""`calsync run` in a process of its own, and what the operating system and its own figures tell about it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Mapping

PATIENCE = 120.0
STOP_SECONDS = 10.0
"""How long a clean stop may take."""
GLANCE = 0.1
PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the process."""

    at: float
    """Seconds on the monotonic clock."""
    memory: int
    """Bytes that are resident."""
    cpu: float
    """Seconds of the processor that it has used since its start."""
    tasks: int
    files: int
    """Open file descriptors."""


class Service:
    """Starts, stops and kills calsync; one process at a time."""

    options: tuple[str, ...] = ("run",)

    def __init__(self, configuration: Path, url: str, log: Path) -> None:
        """`url` is where it listens. What it writes is appended to `log`."""
        self.starts = 0
        self.longest_stop = 0.0
        """Seconds."""
        self.exit_codes: set[int] = set()
        """Those of all clean stops."""
        self._configuration = configuration
        self._url = url
        self._log = log
        self._process: Process | None = None

    async def start(self) -> None:
        """Return when it answers. Raises TimeoutError, RuntimeError."""
        command = ["-m", "calsync", *self.options, "-c", str(self._configuration)]
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=log, stderr=log)
        self.starts += 1
        async with asyncio.timeout(PATIENCE):
            while not await self._answers():  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(GLANCE)

    async def stop(self) -> None:
        """End it in order."""
        began = time.monotonic()
        process = self._running
        process.terminate()
        self.exit_codes.add(await process.wait())
        self.longest_stop = max(self.longest_stop, time.monotonic() - began)
        self._process = None

    async def kill(self) -> None:
        """kill -9. Does nothing where it does not run."""
        if self._process is not None:
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()
            self._process = None

    def reload(self) -> None:
        """Have it read the configuration anew."""
        self._running.send_signal(signal.SIGHUP)

    async def sample(self) -> Sample:
        """Return how it is now."""
        tasks = (await self.figures())[("calsync_tasks", "")]
        place = Path("/proc") / str(self._running.pid)
        fields = (place / "stat").read_text("ascii").rpartition(")")[2].split()
        return Sample(
            at=time.monotonic(),
            memory=int((place / "statm").read_text("ascii").split()[1]) * PAGE,
            cpu=(int(fields[11]) + int(fields[12])) / TICKS,
            tasks=int(tasks),
            files=sum(1 for _ in (place / "fd").iterdir()),
        )

    async def figures(self) -> Mapping[tuple[str, str], float]:
        """Return its figures, each by its name and the values of its labels."""
        text = (await self._get("/metrics")).decode()
        samples = (one for family in text_string_to_metric_families(text) for one in family.samples)
        return {(one.name, " ".join(one.labels.values())): one.value for one in samples}

    @property
    def _running(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            raise RuntimeError(f"calsync has ended by itself; its log says why: {self._log}")
        return self._process

    async def _answers(self) -> bool:
        _ = self._running
        try:
            await self._get("/healthz")
        except aiohttp.ClientConnectionError:
            return False
        return True

    async def _get(self, path: str) -> bytes:
        timeout = aiohttp.ClientTimeout(PATIENCE)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(self._url + path) as answer:
            answer.raise_for_status()
            return await answer.read()
