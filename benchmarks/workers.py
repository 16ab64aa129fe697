"""How long two workers on PostgreSQL take until all of many accounts are read once more, while nothing changes.

All are of one FLOWFACT tenant and one Graph application, without doorbells. The sandbox, PostgreSQL, the web
process and the workers share the machine. Run alone: python -m benchmarks.workers [--accounts 10000] [--workers 2]
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
from typing import TYPE_CHECKING, Any

import psycopg

from benchmarks.idle import configure, cpu_of, forget, memory_of, nothing, running
from benchmarks.sandbox_process import SandboxProcess
from calsync_sandbox.configuration import POLL_SECONDS
from tests.postgresql import server

if TYPE_CHECKING:
    from collections.abc import Sequence

ACCOUNTS = 10_000
WORKERS, JOBS = 2, 8
BOUND = 300.0
"""Seconds of a round."""
ROUNDS = 2
"""The first one also opens calendars in the worker that has not run their account before."""
POLL = 3600
"""Seconds: nobody is due by himself while a round is timed."""
GLANCE = 1.0
PATIENCE = 7200.0
READ = "SELECT count(*), min(good_at), max(good_at) FROM account WHERE good_at > %s"
DUE_AT_ONCE = "DELETE FROM turn"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Round:
    """Everybody was read once."""

    seconds: float
    """From the first run's begin to that of the last one."""
    web: float
    workers: Sequence[float]
    server: float
    """Seconds of CPU, with those of the start of the web process."""


@dataclass(frozen=True, slots=True)
class Found:
    accounts: int
    first_sync: float
    rounds: Sequence[Round]
    memory: Sequence[float]
    """MB of the web process and of each worker."""

    @property
    def kept(self) -> bool:
        return self.rounds[-1].seconds <= BOUND


def measure(accounts: int, workers: int, jobs: int) -> Found:
    with ExitStack() as stack:
        sandbox = stack.enter_context(SandboxProcess("graph", nothing))
        cluster = stack.enter_context(server())
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        configuration = Path(sandbox.ask(configure, folder, accounts))
        _place(configuration, cluster.conninfo)
        hands = [
            stack.enter_context(running("worker", "--jobs", str(jobs), "-c", str(configuration)))
            for _ in range(workers)
        ]
        began = time.monotonic()
        with _web(configuration):
            _until_read(cluster.conninfo, accounts, "")
            first_sync = time.monotonic() - began
        rounds = []
        for _ in range(ROUNDS):
            sandbox.ask(forget)
            with psycopg.connect(cluster.conninfo) as connection:
                connection.execute(DUE_AT_ONCE)
            used = [cpu_of(each) for each in hands], _cpu_of_server(cluster.conninfo)
            since = datetime.now(UTC).isoformat()
            with _web(configuration) as web:
                seconds = _until_read(cluster.conninfo, accounts, since)
                memory = [memory_of(each) for each in (web, *hands)]
                rounds.append(
                    Round(
                        seconds,
                        cpu_of(web),
                        [cpu_of(each) - before for each, before in zip(hands, used[0], strict=True)],
                        _cpu_of_server(cluster.conninfo) - used[1],
                    )
                )
        return Found(accounts, first_sync, rounds, memory)


def report(found: Found) -> str:
    lines = [f"{found.accounts:,} accounts, the first sync: {found.first_sync:.0f} s"]
    for number, one in enumerate(found.rounds, 1):
        workers = " and ".join(f"{each:.0f} s" for each in one.workers)
        lines.append(
            f"round {number} without changes: {one.seconds:.1f} s; CPU of the web process {one.web:.0f} s,"
            f" of the workers {workers}, of PostgreSQL {one.server:.0f} s"
        )
    memory = ", ".join(f"{each:.0f} MB" for each in found.memory)
    lines.append(f"memory of the web process and of each worker: {memory}")
    lines.append(f"bound: {BOUND:.0f} s{'' if found.kept else ', MISSED'}")
    return "\n".join(lines)


def _place(configuration: Path, conninfo: str) -> None:
    """Let the store be on PostgreSQL, and the figures be asked for."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    host = psycopg.conninfo.conninfo_to_dict(conninfo)["host"]
    text = configuration.read_text("utf-8")
    file = f'"sqlite:///{configuration.parent.resolve() / "calsync.db"}"'
    beside = configuration.parent.resolve() / "calsync.db"
    text = text.replace(file, f'"postgresql://calsync@/postgres?host={host}"\n  beside: "{beside}"')
    text = text.replace(f"poll_seconds: {POLL_SECONDS}", f"poll_seconds: {POLL}\n  listen: 127.0.0.1:{port}")
    configuration.write_text(text + "web: {}\n", "utf-8")


def _web(configuration: Path) -> Any:
    return running("run", "--scheduler", "procrastinate", "-c", str(configuration))


def _until_read(conninfo: str, accounts: int, since: str) -> float:
    """Wait until all accounts were read well since then; return the seconds from the first of them to the last."""
    over = time.monotonic() + PATIENCE
    while True:
        with psycopg.connect(conninfo) as connection:
            try:
                read, first, last = connection.execute(READ, (since,)).fetchone() or (0, "", "")
            except psycopg.errors.UndefinedTable:
                read = 0  # it is made just now
        if read == accounts:
            return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()
        if time.monotonic() > over:
            raise TimeoutError(f"{read} of {accounts} accounts were read")
        time.sleep(GLANCE)


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
    found = measure(arguments.accounts, arguments.workers, arguments.jobs)
    print(report(found))
    return 0 if found.kept else 1


if __name__ == "__main__":
    sys.exit(main())
