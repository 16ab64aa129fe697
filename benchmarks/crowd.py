"""Many accounts of one process: how soon a change is copied, what a quiet poll costs, and an idle account.

All are of one FLOWFACT tenant and one Graph application. A change is made in Outlook, of a random account; its
seconds are those from Graph's call to FLOWFACT's answer to the create. Run alone: python -m benchmarks.crowd
"""

from __future__ import annotations

import random
import re
import socket
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import Measured, measured_table
from benchmarks.idle import configure, cpu_of, figure, forget, memory_of, nothing, service, until_all_wait
from benchmarks.sandbox_process import SandboxProcess
from calsync_sandbox.configuration import POLL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync_sandbox.sandbox import Person, Sandbox

ACCOUNTS, FEW = 1000, 50
CHANGES = 200
REST = 0.1
"""Seconds between two changes: 36,000 in an hour, which a thousand people hardly make."""
POLL = 5
POLLS = 3
PATIENCE = 120.0
_SUBJECT = re.compile(rb'"(Besichtigung \d+)"')
MEDIAN_BOUND, LAST_BOUND = 0.5, 2.0
"""Seconds from the doorbell to the visible copy: the median, and the 99th percentile."""
CPU_BOUND, REQUESTS_BOUND, MEMORY_BOUND = 5.0, 2.0, 15.0
"""Of a run without changes: milliseconds of CPU, and requests. Of an idle account: KB."""


@dataclass(frozen=True, slots=True)
class Place:
    """A configuration of so many accounts, and the port at which its figures are asked for."""

    configuration: Path
    accounts: int
    port: int

    def write(self, plain: str, poll: int, *, doorbells: bool) -> None:
        """Let calsync poll so often, and be called or not."""
        called = f"  public_url: http://127.0.0.1:{self.port}\n" if doorbells else ""
        listens = f"poll_seconds: {poll}\n{called}  listen: 127.0.0.1:{self.port}"
        text = plain.replace(f"poll_seconds: {POLL_SECONDS}", listens)
        figures = "" if doorbells else "web: {}\n"  # where nobody is called, the pages tell them
        self.configuration.write_text(text + figures, "utf-8")


def crowd() -> Sequence[Measured]:
    """Measure all of it with one sandbox."""
    with SandboxProcess("graph", nothing) as sandbox, tempfile.TemporaryDirectory() as folder:
        many, few = _place(sandbox, f"{folder}/many", ACCOUNTS), _place(sandbox, f"{folder}/few", FEW, ACCOUNTS)
        seconds = _copied(sandbox, many)
        cpu, requests = _polled(sandbox, many)
        resting = [_resting(sandbox, one) for one in (few, many)]
    each = (resting[1] - resting[0]) * 1000 / (ACCOUNTS - FEW)
    last = sorted(seconds)[int(len(seconds) * 0.99)]
    name = f"doorbell to visible copy, {ACCOUNTS:,} accounts"
    return [
        Measured(f"{name}: the median", seconds, "s", MEDIAN_BOUND),
        Measured(f"{name}: the 99th percentile", [last], "s", LAST_BOUND),
        Measured(f"a poll of {ACCOUNTS:,} accounts without changes: CPU of each", cpu, "ms", CPU_BOUND),
        Measured("its requests of each", requests, "", REQUESTS_BOUND),
        Measured("memory of an idle account", [each], "KB", MEMORY_BOUND),
    ]


def _place(sandbox: SandboxProcess, folder: str, accounts: int, first: int = 0) -> Place:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return Place(Path(sandbox.ask(configure, folder, accounts, first)), accounts, port)


def _copied(sandbox: SandboxProcess, place: Place) -> list[float]:
    """Let everybody be synced and listen; return the seconds of each change."""
    plain = place.configuration.read_text("utf-8")
    place.write(plain, 3600, doorbells=True)
    try:
        with service(place.configuration) as pid:
            until_all_wait(place.port, pid, place.accounts)
            sandbox.ask(forget)
            dice = random.Random(1)  # noqa: S311 - no secret
            made = []
            for number in range(CHANGES):
                time.sleep(REST)
                made.append(sandbox.ask(_create, dice.randrange(place.accounts), f"Besichtigung {number}"))
            return _seconds(sandbox, made)
    finally:
        place.configuration.write_text(plain, "utf-8")


def _seconds(sandbox: SandboxProcess, made: Sequence[str]) -> list[float]:
    """Return the seconds of each change from the call to the copy, once all have arrived. Raises TimeoutError."""
    over = time.monotonic() + PATIENCE
    while True:
        arrived: dict[str, float] = sandbox.ask(_arrived)
        if len(arrived) == len(made):
            break
        if time.monotonic() > over:
            raise TimeoutError(f"{len(made) - len(arrived)} changes have not arrived")
        time.sleep(1)
    called: dict[str, float] = sandbox.ask(_called)
    return [arrived[f"Besichtigung {number}"] - called[event_id] for number, event_id in enumerate(made)]


def _polled(sandbox: SandboxProcess, place: Place) -> tuple[list[float], list[float]]:
    """Return the CPU (ms) and the requests of each account's run, poll by poll, while nothing changes."""
    plain = place.configuration.read_text("utf-8")
    place.write(plain, POLL, doorbells=False)
    cpu, requests = [], []
    try:
        with service(place.configuration) as pid:
            until_all_wait(place.port, pid, place.accounts)
            time.sleep(2 * POLL)  # what the start has left to do is done
            for _ in range(POLLS):
                sandbox.ask(forget)
                used, runs = cpu_of(pid), figure(place.port, "calsync_runs_total")
                time.sleep(POLL)
                done = figure(place.port, "calsync_runs_total") - runs
                cpu.append((cpu_of(pid) - used) / done * 1000)
                requests.append(sandbox.ask(_count) / done)
    finally:
        place.configuration.write_text(plain, "utf-8")
    return cpu, requests


def _resting(sandbox: SandboxProcess, place: Place) -> float:
    """Return the MB of a process whose accounts are idle, all of them listening."""
    plain = place.configuration.read_text("utf-8")
    place.write(plain, 3600, doorbells=True)
    if place.accounts == FEW:  # the others were synced before
        with service(place.configuration) as pid:
            until_all_wait(place.port, pid, place.accounts)
    with service(place.configuration) as pid:
        until_all_wait(place.port, pid, place.accounts)
        time.sleep(3)
        resting = memory_of(pid)
    place.configuration.write_text(plain, "utf-8")
    sandbox.ask(forget)
    return resting


def _create(sandbox: Sandbox, _anna: Person, account: int, subject: str) -> str:
    mailbox = sandbox.graph.mailbox(f"a{account}@example.de")
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0, tzinfo=None) + timedelta(days=2)
    times = [{"dateTime": at.isoformat(), "timeZone": "UTC"} for at in (start, start + timedelta(hours=1))]
    event_id: str = mailbox.create({"subject": subject, "start": times[0], "end": times[1]})["id"]
    return event_id


def _arrived(sandbox: Sandbox, _anna: Person) -> dict[str, float]:
    """Return when FLOWFACT has answered the request that creates each copy, by its subject."""
    created = [one for one in sandbox.flowfact.sent("POST", "/entity-service/") if one.finished]
    return {subject[1].decode(): one.finished for one in created if (subject := _SUBJECT.search(one.body))}


def _called(sandbox: Sandbox, _anna: Person) -> dict[str, float]:
    """Return when the server first began to call about each event."""
    found: dict[str, float] = {}
    for made in sandbox.graph.subscriptions.deliveries.made:
        for one in made.notifications:
            found.setdefault(one.get("resourceData", {}).get("id", ""), made.began)
    return found


def _count(sandbox: Sandbox, _anna: Person) -> int:
    return sum(len(server.requests) for server in sandbox.servers)


if __name__ == "__main__":
    figures = crowd()
    print(measured_table(figures))
    sys.exit(0 if all(one.kept for one in figures) else 1)
