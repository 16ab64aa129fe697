"""A calendar's life: its first sync, runs in which nothing has changed, and runs in which some events have.

All in one process, which has read its configuration before, as `calsync run` has. Changes are made in Outlook. The
sandbox's searches do not lag, so nothing is read again that was told: else each round would count the first sync
once more.
"""

from __future__ import annotations

import gc
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.again import Again
from benchmarks.calendars import spread
from benchmarks.sandbox_process import SandboxProcess
from calsync.values import replace

if TYPE_CHECKING:
    from benchmarks.cost import Cost
    from calsync_sandbox.sandbox import Person, Sandbox


STORE = "calsync.db"
WEEK_AGO = timedelta(days=8)
SETTLING = 3
"""So many syncs behind the first one until the account is at rest."""


@dataclass(frozen=True, slots=True)
class Life:
    """What the syncs of one calendar cost."""

    events: int
    first: Cost
    quiet: list[Cost] = field(default_factory=list)
    changed: list[Cost] = field(default_factory=list)


def life(events: int, changes: int, rounds: int) -> Life:
    """Sync a calendar first, then in each round once without changes and once with so many.

    Raises RuntimeError where a sync does something else than that.
    """
    with (
        SandboxProcess("graph", partial(spread, events)) as sandbox,
        tempfile.TemporaryDirectory() as folder,
        Again.running(_without_overlap(sandbox.write_configuration(folder))) as calsync,
    ):
        found = Life(events, _synced(sandbox, calsync, created=events))
        for number in range(rounds):
            for _ in range(1 if number else SETTLING):  # until it has heard of its own writes
                _synced(sandbox, calsync)
            if not number:
                _let_a_week_pass(Path(folder) / STORE)
            found.quiet.append(_synced(sandbox, calsync))
            sandbox.ask(_edit, changes, number)
            found.changed.append(_synced(sandbox, calsync, updated=changes))
    return found


def _without_overlap(path: str) -> str:
    configuration = Path(path)
    text = configuration.read_text("utf-8")
    configuration.write_text(text.replace("overlap_seconds: 120", "overlap_seconds: 0"), "utf-8")
    return path


def _let_a_week_pass(store: Path) -> None:
    """Have the first sync be of long ago: budgets and loops look back on what was written within a week."""
    with closing(sqlite3.connect(store, timeout=60)) as database, database:
        at = (datetime.now(UTC) - WEEK_AGO).isoformat(timespec="microseconds")
        database.execute("UPDATE ledger SET at = ?", [at])


def _synced(sandbox: SandboxProcess, calsync: Again, **expected: int) -> Cost:
    sandbox.ask(_forget)
    done, cost = calsync.sync()
    if done != expected:
        raise RuntimeError(f"a sync has done {done} instead of {expected}")
    return replace(cost, requests=sandbox.ask(_count))


def _forget(sandbox: Sandbox, _anna: Person) -> None:
    """Forget the requests. What the servers hold is looked through for garbage now, and not while they work."""
    sandbox.clear()
    gc.collect()
    gc.freeze()


def _count(sandbox: Sandbox, _anna: Person) -> int:
    """Return how many requests have arrived, sign-ins included."""
    return sum(len(server.requests) for server in sandbox.servers)


def _edit(_sandbox: Sandbox, anna: Person, changes: int, number: int) -> None:
    """Give so many events, spread over the calendar, another subject; others in each round."""
    ids = sorted(anna.mailbox.events)
    for event_id in ids[number :: len(ids) // changes][:changes]:
        anna.mailbox.edit(event_id, {"subject": f"verlegt, zum {number + 1}. Mal"})
