"""How long it takes to say why an appointment is where it is, in a store with a large ledger on the disk.

Run alone: python -m benchmarks.explain
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.cost import cost_of
from benchmarks.filled_store import CONFIG, SYSTEMS, board, fill, names
from benchmarks.pages import ROUNDS, PageTime, page_table
from calsync.desk import Audit, Explaining, Known, People, Showing
from calsync.people import OPERATOR
from calsync.ports import SystemClock
from calsync.store import SqliteStore
from calsync.sync.model import Side
from calsync.sync.rules import Chain
from calsync.values import replace
from calsync_rules.attendee_stripping import AttendeeStripping
from calsync_rules.private_mask import PrivateMask
from calsync_rules.reminder_once import ReminderOnce
from calsync_rules.series_skip import SeriesSkip

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

BOUND = 0.2
"""Seconds: somebody waits for the answer."""
ONE = "account-0040"
RULES = (SeriesSkip(), AttendeeStripping(), PrivateMask("Privat"), ReminderOnce(15))
ASKED: Sequence[tuple[str, Callable[[Explaining], Awaitable[object]]]] = (
    ("explain a pair", lambda one: one.explain(OPERATOR, ONE, Side.LEFT, "l7")),
    ("explain what is held", lambda one: one.explain(OPERATOR, ONE, Side.RIGHT, "r1")),
    ("find by an id", lambda one: one.find(OPERATOR, ONE, "r7")),
    ("find by words of the subject", lambda one: one.find(OPERATOR, ONE, "haus meyer")),
    ("find nothing", lambda one: one.find(OPERATOR, ONE, "Zahnarzt")),
)


def explain_times() -> list[PageTime]:
    """Return what each question costs."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measured(Path(folder)))


async def _measured(folder: Path) -> list[PageTime]:
    place, clock = folder / "calsync.db", SystemClock()
    await (await SqliteStore.open(place)).close()
    fill(place)
    store = await SqliteStore.open(place)
    accounts = {name: replace(CONFIG, name=name) for name in names()}
    known = Known(
        accounts=lambda: accounts, systems=lambda: SYSTEMS, board=board(clock), chain=lambda _: Chain(RULES)
    )
    people = People(store.people, clock, lambda: accounts, Audit(store.settings, clock))
    explaining = Explaining(store, Showing(store, people, clock, known), known)
    try:
        return [
            PageTime(name, [await cost_of(partial(ask, explaining)) for _ in range(ROUNDS)], BOUND)
            for name, ask in ASKED
        ]
    finally:
        await store.close()


if __name__ == "__main__":
    found = explain_times()
    print(page_table(found))
    sys.exit(0 if all(one.kept for one in found) else 1)
