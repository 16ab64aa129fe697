"""A web process and two workers on PostgreSQL serve 200 accounts while people edit, and things go wrong.

Workers are killed and frozen, and the server is switched off and on. Nothing is there twice, nothing is lost,
everybody is served, and nobody is mailed.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from calsync.ports import SystemClock
from calsync.store.codec import instant_text
from calsync.store.images import images_beside
from calsync.store.postgresql.store import PostgresStore
from calsync_sandbox.sandbox import Sandbox
from tests.e2e.conftest import Agent
from tests.free_port import free_port
from tests.postgresql import demanded_server
from tests.soak.agency import Agency
from tests.soak.service import Service
from tests.soak.soak import replaced

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from calsync.store import SqlStore
    from tests.postgresql import Server

ACCOUNTS = 200
WORKERS = 2
PACE = 0.1
"""Seconds from one edit to the next, up to twice as many."""
GIVEN_BACK = "its worker does not answer, so another one is asked"
AWAY = "the server cannot be reached"
"""What workers and the web process log."""
PATIENCE = 240.0
GLANCE = 1.0


@dataclass
class Served(Agent):
    """A person whose account's store is on a server."""

    conninfo: str = ""

    def stored(self, sql: str) -> list[Any]:
        """Ask the store. While the server is away, it knows of nothing."""
        try:
            with psycopg.connect(self.conninfo) as connection:
                return connection.execute(sql.encode()).fetchall()
        except psycopg.OperationalError:
            return []


class ServedAgency(Agency):
    """An agency whose store is on a server."""

    def __init__(self, sandbox: Sandbox, folder: Path, conninfo: str, seed: int) -> None:
        self._conninfo = conninfo
        super().__init__(sandbox, folder, ACCOUNTS, seed)

    def holds(self, worker: Process) -> bool:
        """Tell whether a process holds an account's lease."""
        holders = self.stored("SELECT DISTINCT holder FROM account WHERE holder IS NOT NULL")
        return any(holder.split("/")[-2] == str(worker.pid) for (holder,) in holders)

    async def store(self) -> SqlStore:
        return await PostgresStore.open(self._conninfo, images_beside(self.folder / "calsync.db", create=False))

    def _agent(self, number: int) -> Agent:
        person = self.sandbox.add_person(f"a{number}@example.de", first="Anna", last=f"Beispiel {number}")
        return Served(
            self.sandbox, SystemClock(), person, self.folder, f"account-{number:03}", conninfo=self._conninfo
        )


class Web(Service):
    """The web process."""

    options = ("run", "--scheduler", "procrastinate")


class Workers:
    """Processes of `calsync worker`."""

    def __init__(self, configuration: Path, log: Path) -> None:
        self._configuration = configuration
        self._log = log
        self.processes: list[Process] = []

    async def start(self) -> Process:
        command = ["-m", "calsync", "worker", "--jobs", "8", "-c", str(self._configuration)]
        with self._log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    async def kill(self, process: Process) -> None:
        process.kill()
        await process.wait()
        self.processes.remove(process)

    async def end(self) -> list[int]:
        """End all in order; return how they ended."""
        for process in self.processes:
            process.terminate()
        return [await process.wait() for process in self.processes]


@pytest.fixture
def own_server() -> Iterator[Server]:
    """Return a server that only this test restarts."""
    with demanded_server() as found:
        yield found


async def test_workers_die_and_freeze_and_the_server_is_restarted(own_server: Server, tmp_path: Path) -> None:
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it when the test fails
    async with Sandbox() as sandbox:
        agency = ServedAgency(sandbox, tmp_path, own_server.conninfo, seed)
        agency.begin()
        port = free_port()
        configuration = configured(sandbox, agency, tmp_path, port)
        log = tmp_path / "calsync.log"
        web, workers = Web(configuration, f"http://127.0.0.1:{port}", log), Workers(configuration, log)
        try:
            await web.start()
            for _ in range(WORKERS):
                await workers.start()
            async with at_work(agency):
                await trouble(agency, own_server, workers, web, log)
            await until_all_are_served(agency, web, SystemClock().now())
            assert await agency.complaints() == []
            assert sandbox.mails.sent == []
            assert await workers.end() == [0, 0]
            await web.stop()
            assert web.exit_codes == {0}
            assert "Traceback" not in log.read_text("utf-8")
        finally:
            print(log.read_text("utf-8")[-20_000:])  # noqa: T201 - as above
            for process in workers.processes:
                if process.returncode is None:
                    await workers.kill(process)
            await web.kill()


def configured(sandbox: Sandbox, agency: Agency, folder: Path, port: int) -> Path:
    place = sandbox.write_configuration(folder, agency.accounts, pages=port)
    text = place.read_text("utf-8")
    host = agency.stored("SHOW unix_socket_directories")[0][0]
    file = f'store: "sqlite:///{folder.resolve() / "calsync.db"}"'
    on_server = (
        f'store: "postgresql://calsync@/postgres?host={host}"\n  beside: "{folder.resolve() / "calsync.db"}"'
    )
    text = replaced(text, file, on_server)
    text = replaced(text, "poll_seconds: 2\n", "poll_seconds: 5\n")
    text = replaced(text, "overlap_seconds: 120\n", "overlap_seconds: 1\n")  # how long a marker may stay unseen
    place.write_text(text, "utf-8")
    return place


@asynccontextmanager
async def at_work(agency: Agency) -> AsyncIterator[None]:
    """Let people work, from entering to leaving."""
    task = asyncio.create_task(agency.work(PACE))
    yield
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled(), task.exception()


async def trouble(agency: ServedAgency, own_server: Server, workers: Workers, web: Web, log: Path) -> None:
    """Let everything go wrong, one after another, each in the middle of runs."""
    first, second = workers.processes
    await until(lambda: agency.holds(first))
    await workers.kill(first)
    third = await workers.start()
    await until(lambda: agency.holds(second))
    os.kill(second.pid, signal.SIGSTOP)
    await until(lambda: GIVEN_BACK in log.read_text("utf-8"))
    await until(lambda: agency.holds(third))
    os.kill(second.pid, signal.SIGCONT)
    await until(lambda: agency.holds(second) and agency.holds(third))
    await asyncio.to_thread(own_server.stop)
    await until(lambda: AWAY in log.read_text("utf-8"))
    await asyncio.to_thread(own_server.start)
    await until(lambda: agency.holds(second) and agency.holds(third))
    await web.kill()
    await web.start()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something has become true."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - it is in the store or the log, not in a task
            await asyncio.sleep(GLANCE / 10)


async def until_all_are_served(agency: Agency, web: Web, since: datetime) -> None:
    """Wait until all were read well since then, and everything has arrived."""
    over = time.monotonic() + PATIENCE
    while True:
        ((read,),) = agency.stored(f"SELECT count(*) FROM account WHERE good_at > '{instant_text(since)}'")  # noqa: S608
        apart, open_writes = agency.apart(), agency.open_writes()
        figures = await web.figures()
        # With so many of them, there is hardly a moment at which none is running.
        well = sum(figures.get(("calsync_accounts", state), 0.0) for state in ("waiting", "running"))
        if not apart and not open_writes and well == read == ACCOUNTS:
            return
        if time.monotonic() > over:
            states = {name: value for name, value in figures.items() if name[0] == "calsync_accounts"}
            pytest.fail(f"read: {read}; apart: {apart[:5]}, {len(apart)}; open: {open_writes[:5]}; {states}")
        agency.forget_requests()
        await asyncio.sleep(GLANCE)
