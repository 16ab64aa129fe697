"""Times calsync against the least that its requests cost, and against exchangelib.

The sandbox's servers run in a process of their own, and so does each client. Prints each figure beside its bound
and its lower bound; the exit code is 1 if a bound is missed. What is measured: docs/explanation/performance.md.

Run: python -m benchmarks [--rounds 5] [CALENDAR.ics]
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.calendars import REAL, import_file, spread, window
from benchmarks.doorbell import POLL_SECONDS, with_doorbell, without_doorbell
from benchmarks.explain import explain_times
from benchmarks.figures import Figure, table
from benchmarks.first_sync import first_sync
from benchmarks.idle import idle, idle_table
from benchmarks.ledger import ledger, ledger_line
from benchmarks.pages import page_table, page_times
from benchmarks.reading import read
from benchmarks.sandbox_process import SandboxProcess
from benchmarks.tenant import polled, tenant_table
from benchmarks.undo import undo, undo_line
from calsync.service.backoff import SETTLE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.cost import Cost
    from benchmarks.first_sync import FirstSync

EVENTS = 5000
TENANTS = (1, 100, 5000)
"""Accounts of one FLOWFACT tenant."""
CPU_BOUND, READING_BOUND, SYNC_BOUND = 0.25, 1.3, 1.5
CHANGES_PER_ROUND = 4


def main() -> int:
    """Play the rounds and print what they cost."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("calendar", nargs="?", type=Path, default=REAL, help="for the first sync through Graph")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    if not arguments.calendar.is_file():
        parser.error(f"there is no calendar {arguments.calendar}; name one: make bench ARGS=FILE.ics")
    print(_machine())
    many, rounds = partial(spread, EVENTS), range(arguments.rounds)
    with SandboxProcess("exchange_ews", many) as sandbox:
        read_costs = [read(sandbox, EVENTS) for _ in rounds]
    through_ews = [first_sync("exchange_ews", many) for _ in rounds]
    through_graph = [first_sync("graph", partial(import_file, arguments.calendar)) for _ in rounds]
    figures = [
        *_reading_figures(read_costs),
        *_sync_figures(f"first sync of {EVENTS:,} events of Exchange", through_ews),
        *_sync_figures(f"first sync of {through_graph[0].created:,} events through Graph", through_graph),
        *_doorbell_figures(arguments.rounds * CHANGES_PER_ROUND),
    ]
    print(f"medians of {arguments.rounds} rounds, {_load()}\n\n{table(figures)}\n")
    for name, syncs in (("Exchange", through_ews), ("Graph", through_graph)):
        print(f"requests per event, {name}: {syncs[0].requests / max(1, syncs[0].created):.2f}")
    polls = [polled(accounts, window()) for accounts in TENANTS]
    pages, explained = page_times(), explain_times()
    resting = idle()
    print(f"\n{tenant_table(polls)}\n\n{page_table(pages)}\n\n{page_table(explained)}\n\n{idle_table(resting)}")
    rows, undone = ledger(arguments.rounds), undo()
    print(f"\n{ledger_line(rows)}\n{undo_line(undone)}")
    kept = [one.kept for group in (figures, polls, pages, explained, [resting]) for one in group]
    return 0 if all(kept) and rows.kept and undone.kept else 1


def _reading_figures(rounds: Sequence[dict[str, Cost]]) -> list[Figure]:
    calsync, bare, other = ([costs[name] for costs in rounds] for name in ("calsync", "bare loop", "exchangelib"))
    reading = f"reading {EVENTS:,} events of Exchange"
    return [
        Figure(
            name=f"{reading}, client CPU, exchangelib",
            calsync=_cpu(calsync),
            other=_cpu(other),
            least=_cpu(bare),
            bound=CPU_BOUND,
        ),
        Figure(
            name=f"{reading}, time, exchangelib",
            calsync=_wall(calsync),
            other=_wall(other),
            least=_wall(bare),
            bound=1.0,
        ),
        Figure(
            name=f"{reading}, time, bare loop",
            calsync=_wall(calsync),
            other=_wall(bare),
            least=_wall(bare),
            bound=READING_BOUND,
        ),
    ]


def _sync_figures(name: str, rounds: Sequence[FirstSync]) -> list[Figure]:
    sync, bare = [each.sync for each in rounds], [each.bare_loop for each in rounds]
    wall, cpu = _wall(bare), _cpu(bare)
    return [
        Figure(name=f"{name}, time, bare loop", calsync=_wall(sync), other=wall, least=wall, bound=SYNC_BOUND),
        Figure(name=f"{name}, client CPU, bare loop", calsync=_cpu(sync), other=cpu, least=cpu),
    ]


def _doorbell_figures(changes: int) -> list[Figure]:
    """Promises in seconds: the other one keeps exactly what is promised."""
    return [
        Figure(
            name="Outlook to FLOWFACT, from the notification, one second",
            calsync=with_doorbell(changes),
            other=[1.0] * changes,
            least=[SETTLE_SECONDS] * changes,
            bound=1.0,
        ),
        Figure(
            name=f"Outlook to FLOWFACT, without doorbells, the poll of {POLL_SECONDS} s",
            calsync=without_doorbell(changes),
            other=[float(POLL_SECONDS)] * changes,
            least=[POLL_SECONDS / 2] * changes,
            bound=1.0,
        ),
    ]


def _wall(costs: Sequence[Cost]) -> list[float]:
    return [cost.wall for cost in costs]


def _cpu(costs: Sequence[Cost]) -> list[float]:
    return [cost.cpu for cost in costs]


def _machine() -> str:
    names = ("calsync", "aiohttp", "lxml", "exchangelib")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{_processor()}, {os.cpu_count()} CPUs, {_load()}\nPython {platform.python_version()}, {versions}"


def _processor() -> str:
    """Return the processor's name where Linux tells it, else its architecture."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text("utf-8").splitlines() if information.is_file() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


def _load() -> str:
    return f"load {os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    sys.exit(main())
