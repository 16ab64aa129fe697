"""What many idle accounts of one process cost, and how long it takes until all of them are served.

All are of one FLOWFACT tenant and of one Graph application, with doorbells on both sides. Run alone:
python -m benchmarks.idle
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from benchmarks.sandbox_process import SandboxProcess
from calsync.service.backoff import IDLE_POLLS
from calsync_sandbox.configuration import POLL_SECONDS
from calsync_sandbox.sandbox import Account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from calsync_sandbox.sandbox import Person, Sandbox

ACCOUNTS = 2000
EVENTS = 3
"""Of each account, at first in Outlook only."""
POLL = 12
"""Seconds; by default it is 60. In SECONDS, each account is read once, and FLOWFACT is asked IDLE_POLLS times."""
SECONDS = POLL * IDLE_POLLS
START_BOUND = 120.0
"""Seconds until all accounts are served."""
CPU_BOUND, MEMORY_BOUND = 0.10, 300.0
"""Of one core; MB that are resident."""
PATIENCE = 900.0
GLANCE = 1.0
STILL = 20.0
PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Idle:
    """What was measured, each beside its bound."""

    first_sync: float
    """Seconds from the very first start until all accounts are the same on both sides."""
    start: float
    """Seconds from a later start until all accounts are served and heard."""
    start_cpu: float
    cpu: float
    """Of one core, over SECONDS."""
    runs: float
    """Runs within SECONDS."""
    memory: float
    """The most within SECONDS, in MB."""

    @property
    def kept(self) -> bool:
        return self.start <= START_BOUND and self.cpu <= CPU_BOUND and self.memory <= MEMORY_BOUND


def idle() -> Idle:
    """Let all accounts be synced, start calsync anew, and look at it while nothing happens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with SandboxProcess("graph", nothing) as sandbox, tempfile.TemporaryDirectory() as folder:
        configuration = Path(sandbox.ask(configure, folder, ACCOUNTS))
        called = f"public_url: http://127.0.0.1:{port}\n  listen: 127.0.0.1:{port}"
        text = configuration.read_text("utf-8")
        text = text.replace(f"poll_seconds: {POLL_SECONDS}", f"poll_seconds: {POLL}\n  {called}")
        configuration.write_text(text, "utf-8")
        began = time.monotonic()
        with service(configuration) as pid:
            until_all_wait(port, pid, ACCOUNTS)
            first_sync = time.monotonic() - began
        sandbox.ask(forget)
        began = time.monotonic()
        with service(configuration) as pid:
            until_all_wait(port, pid, ACCOUNTS)
            start, start_cpu = time.monotonic() - began, cpu_of(pid)
            time.sleep(STILL)  # what rang at the start has been answered
            sandbox.ask(forget)
            return _measured(pid, port, first_sync, start, start_cpu)


def idle_table(one: Idle) -> str:
    """Return a line per figure, with its bound."""
    head = f"{ACCOUNTS:,} idle accounts, polled each {POLL} s"
    rows = [
        (f"the first sync, {EVENTS} events each", f"{one.first_sync:.0f} s", "-"),
        ("a later start, until all are served", f"{one.start:.0f} s", f"{START_BOUND:.0f} s"),
        ("its CPU", f"{one.start_cpu:.0f} s", "-"),
        (f"CPU over {SECONDS} s, {one.runs:.0f} runs", f"{one.cpu:.1%}", f"{CPU_BOUND:.0%}"),
        ("memory, the most of it", f"{one.memory:.0f} MB", f"{MEMORY_BOUND:.0f} MB"),
    ]
    width = max(len(head), *(len(name) for name, _, _ in rows))
    lines = [f"{name.ljust(width)}{seen:>12}{bound:>9}" for name, seen, bound in rows]
    return "\n".join(
        [f"{head.ljust(width)}{'calsync':>12}{'bound':>9}", *lines, *([] if one.kept else ["MISSED"])]
    )


def _measured(pid: int, port: int, first_sync: float, start: float, start_cpu: float) -> Idle:
    began, used, runs, most = time.monotonic(), cpu_of(pid), figure(port, "calsync_runs_total"), 0.0
    while time.monotonic() < began + SECONDS:
        time.sleep(GLANCE)
        most = max(most, memory_of(pid))
    share = (cpu_of(pid) - used) / (time.monotonic() - began)
    return Idle(first_sync, start, start_cpu, share, figure(port, "calsync_runs_total") - runs, most)


def service(configuration: Path) -> AbstractContextManager[int]:
    """Run the service from entering to leaving; give its process id."""
    return running("run", "-c", str(configuration))


@contextmanager
def running(*arguments: str) -> Iterator[int]:
    """Run a process of calsync from entering to leaving; give its id."""
    command = [sys.executable, "-m", "calsync", *arguments]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)


def until_all_wait(port: int, pid: int, accounts: int) -> None:
    """Wait until no account has anything to do. Raises TimeoutError, and OSError where the service has ended."""
    over = time.monotonic() + PATIENCE
    while True:
        os.kill(pid, 0)
        try:
            if figure(port, "calsync_accounts", state="waiting") == accounts:
                return
        except OSError:
            pass  # it does not listen yet
        if time.monotonic() > over:
            raise TimeoutError("the accounts do not come to rest")
        time.sleep(GLANCE)


def figure(port: int, name: str, **labels: str) -> float:
    """Return the sum of a figure's samples that have these labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    samples = (one for family in families for one in family.samples)
    return sum(one.value for one in samples if one.name == name and labels.items() <= one.labels.items())


def cpu_of(pid: int) -> float:
    """Return the seconds of the processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_of(pid: int) -> float:
    """Return the MB of a process that are resident."""
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * PAGE / 1e6


def nothing(_sandbox: Sandbox, _anna: Person) -> None:
    """Leave the calendars empty."""


def configure(sandbox: Sandbox, _anna: Person, folder: str, accounts: int, first: int = 0) -> str:
    """Write a configuration for so many new people, each with a few events in Outlook; return its path."""
    people = [_person(sandbox, number) for number in range(first, first + accounts)]
    named = [Account(name=f"account-{number:04}", person=person) for number, person in enumerate(people)]
    return str(sandbox.write_configuration(Path(folder), named))


def _person(sandbox: Sandbox, number: int) -> Person:
    person = sandbox.add_person(f"a{number}@example.de", first="Anna", last=f"Beispiel {number}")
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0, tzinfo=None)
    for event in range(EVENTS):
        times = [
            {"dateTime": (hour + timedelta(days=1 + event, hours=after)).isoformat(), "timeZone": "UTC"}
            for after in (0, 1)
        ]
        person.mailbox.create({"subject": f"Besichtigung {event}", "start": times[0], "end": times[1]})
    return person


def forget(sandbox: Sandbox, _anna: Person) -> None:
    """Let the servers forget what they were asked: it is much."""
    sandbox.clear()
    sandbox.graph.subscriptions.deliveries.made.clear()


if __name__ == "__main__":
    found = idle()
    print(idle_table(found))
    sys.exit(0 if found.kept else 1)
