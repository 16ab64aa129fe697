"""How long two workers on PostgreSQL take until all of many accounts are read once, while nothing changes.

All are of one FLOWFACT tenant and one Graph application, without doorbells, and at rest. Every process has just
been started, and opens each account's calendars first. The sandbox, PostgreSQL, the web process and the workers
share the machine. Run alone: python -m benchmarks.workers [--accounts 10000] [--workers 2] [--jobs 8]
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from benchmarks.at_rest import fill
from benchmarks.figures import Measured, measured_table
from benchmarks.hosted import populate
from benchmarks.idle import cpu_of, forget, memory_of, nothing, running
from benchmarks.sandbox_process import SandboxProcess
from calsync_sandbox.configuration import POLL_SECONDS
from tests.postgresql import DURABLE, server

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync_sandbox.sandbox import Person, Sandbox

ACCOUNTS = 10_000
WORKERS, JOBS = 2, 8
BOUND = 300.0
"""Seconds of a round."""
POLL = 3600
"""Seconds: nobody is due a second time while a round is timed."""
GLANCE = 1.0
PATIENCE = 3600.0
READ = "SELECT count(*), min(good_at), max(good_at) FROM account WHERE good_at > %s"
BUSY = "SELECT count(*) FROM account WHERE run <> %s OR rest IS NULL"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Round:
    """Everybody was read once."""

    accounts: int
    seconds: float
    """From the first run's begin to that of the last one."""
    requests: int
    """That arrived at the sandbox."""
    web: float
    workers: float
    """Of all of them together."""
    server: float
    sandbox: float
    """Seconds of CPU, from the start of the process on; the sandbox's from the begin of the round."""
    memory: Sequence[float]
    """MB of the web process and of each worker."""


def measure(accounts: int, workers: int, jobs: int) -> Round:
    """Fill a store, start all processes, and wait until everybody was read.

    Raises RuntimeError where an account had something to do, TimeoutError, NotThere.
    """
    with ExitStack() as stack:
        cluster = stack.enter_context(server(DURABLE))
        sandbox = stack.enter_context(SandboxProcess("graph", nothing))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        words = sandbox.ask(populate, str(folder), accounts)
        configuration, beside = folder / "calsync.yaml", folder / "calsync.db"
        first = folder / "first" / "calsync.yaml"
        for each in (configuration, first):
            _place(each, beside, cluster.conninfo)
        last_run = fill(first, cluster.conninfo, folder / f"{beside.name}.runs", words)
        sandbox.ask(forget)
        since, used = datetime.now(UTC).isoformat(), (_cpu_of_server(cluster.conninfo), sandbox.cpu())
        work = ("worker", "--jobs", str(jobs), "-c", str(configuration))
        web = ("run", "--scheduler", "procrastinate", "-c", str(configuration))
        pids = [stack.enter_context(running(*command)) for command in (web, *[work] * workers)]
        seconds = _until_read(cluster.conninfo, accounts, since)
        cpu = [cpu_of(each) for each in pids]
        found = Round(
            accounts,
            seconds,
            sandbox.ask(_count),
            cpu[0],
            sum(cpu[1:]),
            _cpu_of_server(cluster.conninfo) - used[0],
            sandbox.cpu() - used[1],
            [memory_of(each) for each in pids],
        )
        _expect_rest(cluster.conninfo, last_run)
        return found


def figures(one: Round) -> list[Measured]:
    """Return what was measured, beside what is promised."""

    def each(seconds: float) -> list[float]:
        return [seconds / one.accounts * 1000]

    return [
        Measured(f"PostgreSQL, workers: a round of {one.accounts:,} accounts", [one.seconds], "s", BOUND),
        Measured("its requests of each account, all calendars opened", [one.requests / one.accounts], ""),
        Measured("its CPU of each account, of the workers", each(one.workers), "ms"),
        Measured("its CPU of each account, of the web process", each(one.web), "ms"),
        Measured("its CPU of each account, of PostgreSQL", each(one.server), "ms"),
        Measured("its CPU of each account, of the sandbox", each(one.sandbox), "ms"),
        Measured("memory of the web process", one.memory[:1], "MB"),
        Measured("memory of a worker", one.memory[1:], "MB"),
    ]


def _place(configuration: Path, beside: Path, conninfo: str) -> None:
    """Let the store be on PostgreSQL, and the figures be asked for."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    host = psycopg.conninfo.conninfo_to_dict(conninfo)["host"]
    text = configuration.read_text("utf-8")
    file = f'"sqlite:///{configuration.parent.resolve() / "calsync.db"}"'
    text = text.replace(file, f'"postgresql://calsync@/postgres?host={host}"\n  beside: "{beside}"')
    text = text.replace(f"poll_seconds: {POLL_SECONDS}", f"poll_seconds: {POLL}\n  listen: 127.0.0.1:{port}")
    configuration.write_text(text + "web: {}\n", "utf-8")


def _until_read(conninfo: str, accounts: int, since: str) -> float:
    """Wait until all accounts were read well since then; return the seconds from the first of them to the last."""
    over = time.monotonic() + PATIENCE
    with psycopg.connect(conninfo, autocommit=True) as connection:
        while True:
            read, first, last = connection.execute(READ, (since,)).fetchone() or (0, "", "")
            if read == accounts:
                return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()
            if time.monotonic() > over:
                raise TimeoutError(f"{read} of {accounts} accounts were read")
            time.sleep(GLANCE)


def _expect_rest(conninfo: str, run: int) -> None:
    """Expect that nobody had anything to do but to ask for news: then a run of another number has begun."""
    with psycopg.connect(conninfo) as connection:
        (busy,) = connection.execute(BUSY, (run,)).fetchone() or (0,)
    if busy:
        raise RuntimeError(f"{busy} accounts had something to do")


def _count(sandbox: Sandbox, _anna: Person) -> int:
    return sum(len(one.requests) for one in sandbox.servers)


def _cpu_of_server(conninfo: str) -> float:
    """Return the seconds of CPU of the server's processes, also of those that have ended."""
    folder = Path(psycopg.conninfo.conninfo_to_dict(conninfo)["host"])  # type: ignore[arg-type]
    postmaster = int((folder / "data" / "postmaster.pid").read_text("ascii").split()[0])
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text("ascii", "replace").rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if int(fields[1]) == postmaster or stat.parent.name == str(postmaster):
            total += (int(fields[11]) + int(fields[12])) / TICKS
            if stat.parent.name == str(postmaster):
                total += (int(fields[13]) + int(fields[14])) / TICKS
    return total


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.workers", description=__doc__)
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    parser.add_argument("--workers", type=int, default=WORKERS)
    parser.add_argument("--jobs", type=int, default=JOBS)
    arguments = parser.parse_args()
    found = figures(measure(arguments.accounts, arguments.workers, arguments.jobs))
    print(measured_table(found))
    return 0 if all(one.kept for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
