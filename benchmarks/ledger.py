"""What the ledger costs an import: the same first sync with its rows and without them, one after the other.

Without: `add_ledger` of the store's transactions does nothing, so that no row is sealed or written. All else is
the command that users run. Run: python -m benchmarks.ledger [--rounds 5]
"""

from __future__ import annotations

import argparse
import statistics
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.calendars import spread
from benchmarks.first_sync import synced
from benchmarks.sandbox_process import SandboxProcess

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.cost import Cost

EVENTS = 5000
BOUND = 0.15
"""The ledger's part of an import: of its time, and of the client's CPU, which other programs hardly shift."""
WITHOUT = """
import sys
from calsync.cli import main
from calsync.store.writing import StoredTransaction

async def nothing(transaction, entries):
    list(entries)

StoredTransaction.add_ledger = nothing
sys.exit(main())
"""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What was measured, one of each in a round."""

    kept_rows: Sequence[Cost]
    without: Sequence[Cost]

    @property
    def wall(self) -> float:
        """The ledger's part of the seconds, in the best of the rounds: other programs only add to them."""
        some, others = (min(cost.wall for cost in costs) for costs in (self.kept_rows, self.without))
        return 1 - others / some

    @property
    def cpu(self) -> float:
        """The ledger's part of the client's CPU seconds: the median of the rounds."""
        rounds = zip(self.kept_rows, self.without, strict=True)
        return statistics.median(1 - other.cpu / one.cpu for one, other in rounds)

    @property
    def kept(self) -> bool:
        return max(self.wall, self.cpu) <= BOUND


def ledger(rounds: int) -> Ledger:
    """Import so many events of an Exchange into an empty FLOWFACT, each time anew; who begins takes turns."""
    plain, bare = ["-m", "calsync"], ["-c", WITHOUT]
    costs: dict[bool, list[Cost]] = {True: [], False: []}
    for number in range(rounds):
        for with_rows in (number % 2 == 0, number % 2 == 1):
            costs[with_rows].append(_imported(plain if with_rows else bare))
    return Ledger(costs[True], costs[False])


def _imported(program: Sequence[str]) -> Cost:
    with SandboxProcess("exchange_ews", partial(spread, EVENTS)) as sandbox:
        result, cost = synced(sandbox, program)
    created = result["accounts"]["anna"]["left"]["created"]
    if created != EVENTS:
        raise AssertionError(f"{created} of {EVENTS} events were imported")
    return cost


def ledger_line(found: Ledger) -> str:
    both = found.kept_rows, found.without
    walls = " and ".join(f"{min(cost.wall for cost in costs):.2f} s" for costs in both)
    cpus = " and ".join(f"{statistics.median(cost.cpu for cost in costs):.2f} s" for costs in both)
    missed = "" if found.kept else "  MISSED"
    return (
        f"an import of {EVENTS:,} events with the ledger and without: {walls}, {found.wall:.0%};"
        f" client CPU {cpus}, {found.cpu:.0%}; at most {BOUND:.0%}{missed}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ledger", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    found = ledger(parser.parse_args().rounds)
    print(ledger_line(found))
    return 0 if found.kept else 1


if __name__ == "__main__":
    sys.exit(main())
