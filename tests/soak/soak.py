"""One soak: a rough half with restarts, a rest, a steady half in one process, a rest, and the judge.

Both rests are alike: nobody works or looks at pages, nothing is wrong, all accounts are served by connections that
were just opened and are heard, and everything has arrived but, at the first rest, what is tried again later. So
what the process holds at the second one and did not hold at the first one, it has not let go of.
"""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import asynccontextmanager
from statistics import median
from typing import TYPE_CHECKING

from calsync_sandbox.sandbox import Sandbox
from tests.free_port import free_port
from tests.soak.agency import Agency
from tests.soak.faults import Trouble
from tests.soak.findings import Findings
from tests.soak.service import Service
from tests.soak.visitors import Visitors, sessions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.soak.service import Sample

EDIT_PACE, FAULT_PACE = 0.3, 4.0
"""Seconds from one edit, and from one fault, to the next; up to twice as many."""
ROUGH = 0.3
"""The part of the time in which calsync is restarted. Up to the half it has time to warm up."""
RESTARTS = 10
RELOADS = 8
LEFT_OUT = 5
"""Accounts that a reload takes away; the next one brings them back."""
POLL_SECONDS = 10
AT_ONCE = (3, 4)
"""A reload that changes `max_concurrency` opens all connections and accounts anew."""
SAMPLE_SECONDS = 5.0
RELOAD_SECONDS = 10.0
"""After so long a reload is over."""
QUIET_SAMPLES = 8
PATIENCE = 600.0
"""Seconds in which everything must have arrived: a write that failed three times waits for eight minutes."""


async def soak(folder: Path, *, seconds: float, accounts: int, seed: int) -> Findings:
    """Let people work on so many accounts for so long; return what was seen. The log stays in the folder."""
    async with Sandbox() as sandbox:
        one = Soak(sandbox, folder, seconds, accounts, seed)
        try:
            return await one.play()
        finally:
            await one.service.kill()


class Soak:
    """One soak's parts, and the order of what happens."""

    def __init__(self, sandbox: Sandbox, folder: Path, seconds: float, accounts: int, seed: int) -> None:
        self._port = free_port()
        self._chance = random.Random(seed)
        self._seconds = seconds
        self._folder = folder
        self._sandbox = sandbox
        self._agency = Agency(sandbox, folder, accounts, seed)
        self._trouble = Trouble(sandbox, random.Random(seed + 1))
        self._log = folder / "calsync.log"
        self._reloads = 0
        self._url = f"http://127.0.0.1:{self._port}"
        self._configure(AT_ONCE[0])
        self.service = Service(folder / "calsync.yaml", self._url, self._log)

    async def play(self) -> Findings:
        """Do everything in its order."""
        began = time.monotonic()
        self._agency.begin()
        names = [one.name for one in self._agency.accounts]
        people = await sessions(self._folder / "calsync.db", {"loads": names[0], "listens": names[-1]})
        await self.service.start()
        async with self._unrest(Visitors(self._url, people)):
            await self._restarts(self._seconds * ROUGH, RESTARTS)
            await self._reloads_for(self._seconds * (1 / 2 - ROUGH), RELOADS // 4)
        first = await self._rest(arrived=False)
        samples: list[Sample] = []
        visitors = Visitors(self._url, people)
        async with self._unrest(visitors, samples):
            await self._reloads_for(self._seconds / 2, RELOADS)
        last = await self._rest(arrived=True)
        converged = not self._agency.apart()
        await self.service.stop()
        return Findings(
            seconds=time.monotonic() - began,
            accounts=len(self._agency.accounts),
            entered=self._agency.entered,
            overwritten=self._agency.overwritten,
            complaints=await self._agency.complaints(),
            converged=converged,
            requests=self._agency.requests,
            faults=dict(sorted(self._trouble.happened.items())),
            restarts=self.service.starts - 1,
            reloads=self._reloads,
            longest_stop=self.service.longest_stop,
            exit_codes=sorted(self.service.exit_codes),
            mails=self._sandbox.mails.count,
            pages=visitors.loaded,
            messages=visitors.heard,
            refused=dict(sorted(visitors.refused.items())),
            bugs=self._log.read_text("utf-8").count("Traceback"),
            first=first,
            last=last,
            samples=samples,
        )

    @asynccontextmanager
    async def _unrest(self, visitors: Visitors, samples: list[Sample] | None = None) -> AsyncIterator[None]:
        """Let people work, look at pages and servers fail, and look at the service, from entering to leaving."""
        async with asyncio.TaskGroup() as group:
            works = [self._agency.work(EDIT_PACE), self._trouble.come(FAULT_PACE), visitors.look()]
            works.append(self._forget() if samples is None else self._look(samples))
            tasks = [group.create_task(work) for work in works]
            yield
            for task in tasks:
                task.cancel()

    async def _restarts(self, seconds: float, number: int) -> None:
        """Stop the service, in order or not, at moments spread over some seconds."""
        for _ in range(number):
            await asyncio.sleep(self._chance.uniform(1 / 2, 3 / 2) * seconds / number)
            await (self.service.stop() if self._chance.random() < 1 / 2 else self.service.kill())
            await self.service.start()

    async def _reloads_for(self, seconds: float, number: int) -> None:
        """Change the configuration at moments spread over some seconds."""
        over = time.monotonic() + seconds
        for _ in range(number):
            await asyncio.sleep(
                min(self._chance.uniform(1 / 2, 3 / 2) * seconds / number, over - time.monotonic())
            )
            self._reload(self._chance.choice(AT_ONCE), self._chance.choice((0, LEFT_OUT)))
        await asyncio.sleep(over - time.monotonic())

    async def _rest(self, *, arrived: bool) -> Sample:
        """Wait until everything has arrived, and look at the service for a while.

        `arrived`: also what failed more than once, and is tried again some minutes later.
        """
        for at_once in (AT_ONCE[1], AT_ONCE[0]):
            self._reload(at_once)
            await asyncio.sleep(RELOAD_SECONDS)
        over = time.monotonic() + PATIENCE
        quiet: list[Sample] = []
        while len(quiet) < QUIET_SAMPLES and time.monotonic() < over:
            self._agency.forget_requests()
            quiet = [*quiet, await self.service.sample()] if await self._is_quiet(arrived) else []
            await asyncio.sleep(SAMPLE_SECONDS / 2)
        return typical(quiet or [await self.service.sample()])

    async def _is_quiet(self, arrived: bool) -> bool:
        late = set() if arrived else self._agency.later()
        if self._agency.open_writes() or not late.issuperset(self._agency.apart()):
            return False
        figures, all_of_them = await self.service.figures(), len(self._agency.accounts)
        states = (("calsync_accounts", "waiting"), ("calsync_heard_accounts", ""))
        return all(figures.get(state) == all_of_them for state in states)

    async def _look(self, samples: list[Sample]) -> None:
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            samples.append(await self.service.sample())
            self._agency.forget_requests()

    async def _forget(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            self._agency.forget_requests()

    def _reload(self, at_once: int, leave_out: int = 0) -> None:
        self._configure(at_once, leave_out)
        self._reloads += 1
        self.service.reload()

    def _configure(self, at_once: int, leave_out: int = 0) -> None:
        left_out = self._agency.leave_out(leave_out)
        accounts = [one for one in self._agency.accounts if one.name not in left_out]
        place = self._sandbox.write_configuration(self._folder, accounts, pages=self._port)
        text = place.read_text("utf-8")
        address = f"public_url: http://127.0.0.1:{self._port}"
        text = replaced(text, "poll_seconds: 2\n", f"poll_seconds: {POLL_SECONDS}\n  {address}\n")
        for provider in ("flowfact", "graph"):
            line = f'    provider: "{provider}"\n'
            text = replaced(text, line, f"{line}    max_concurrency: {at_once}\n")
        # how long a marker may stay unseen
        text = replaced(text, "overlap_seconds: 120\n", "overlap_seconds: 1\n")
        place.write_text(text, "utf-8")


def replaced(text: str, old: str, new: str) -> str:
    """Return a configuration with something in it replaced, which must stand there."""
    if old not in text:
        raise ValueError(f"the sandbox writes another configuration now, without {old!r}")
    return text.replace(old, new)


def typical(samples: list[Sample]) -> Sample:
    """Return what is usual among looks at a process at rest: at any one polls or calls may be under way.

    A call has a task and a file more, and an account that polls has two tasks less than one that waits.
    """
    last = samples[-1]
    return type(last)(
        at=last.at,
        memory=int(median(one.memory for one in samples)),
        cpu=last.cpu,
        tasks=int(median(one.tasks for one in samples)),
        files=int(median(one.files for one in samples)),
    )
