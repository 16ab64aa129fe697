"""How long the data of each page takes, with many accounts and a large ledger, from a store on the disk.

Run alone: python -m benchmarks.pages
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from benchmarks.cost import Cost
from calsync.config.model import AccountConfig, SideConfig, WindowConfig
from calsync.desk import Audit, Known, People, Showing
from calsync.desk.overview import Order, Wanted
from calsync.desk.systems import System
from calsync.people import OPERATOR
from calsync.ports import SystemClock
from calsync.service import Board, State
from calsync.store import SqliteStore, codec
from calsync.sync.model import Base, Direction, Event, Observation, Side, Timed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from calsync.ports import Clock

ACCOUNTS = 2000
LEDGER = 500
"""Rows of each account: a million altogether."""
PAIRS = 100
RUNS = 60
ROUNDS = 20
BOUND = 0.020
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
MEETING = Event(
    summary="Besichtigung Haus Meyer",
    when=Timed(NOW, NOW + timedelta(hours=1)),
    description="Schlüssel liegt beim Nachbarn im Erdgeschoss.",
)
BASE = codec.text(Base.of(MEETING, 1))
VALUES = codec.text(Base.of(MEETING, 1).values)
CONFIG = AccountConfig(
    name="",
    left=SideConfig(connection="crm", settings={}, line=1),
    right=SideConfig(connection="mail", settings={}, line=1),
    direction=Direction.BOTH,
    timezone=ZoneInfo("Europe/Berlin"),
    window=WindowConfig(past_days=90, future_days=365),
    policy="right",
    on_target_edit="keep",
    line=1,
)
SYSTEMS = {
    "crm": System(connection="crm", title="FLOWFACT"),
    "mail": System(connection="mail", title="Outlook"),
}


@dataclass(frozen=True, slots=True)
class PageTime:
    """What one page costs, round by round. Its bound counts for the CPU: other programs do not shift it."""

    name: str
    costs: Sequence[Cost]

    @property
    def cpu(self) -> float:
        return statistics.median(cost.cpu for cost in self.costs)

    @property
    def wall(self) -> float:
        return statistics.median(cost.wall for cost in self.costs)

    @property
    def kept(self) -> bool:
        return self.cpu <= BOUND


def page_times() -> list[PageTime]:
    """Return what the data of each page costs."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measured(Path(folder) / "calsync.db"))


def page_table(times: Sequence[PageTime]) -> str:
    """Return a line per page: medians of CPU and time, and the bound, in milliseconds."""
    head = f"{ACCOUNTS:,} accounts, {ACCOUNTS * LEDGER:,} ledger rows"
    width = max(len(head), *(len(one.name) for one in times))
    rows = [
        f"{one.name.ljust(width)}{one.cpu * 1000:9.1f} ms{one.wall * 1000:9.1f} ms{BOUND * 1000:6.0f} ms"
        f"{'' if one.kept else '  MISSED'}"
        for one in times
    ]
    return "\n".join([f"{head.ljust(width)}{'CPU':>12}{'time':>12}{'bound':>9}", *rows])


async def _measured(place: Path) -> list[PageTime]:
    await (await SqliteStore.open(place)).close()
    _fill(place)
    store = await SqliteStore.open(place)
    accounts = {name: replace(CONFIG, name=name) for name in _names()}
    clock = SystemClock()
    served = Known(accounts=lambda: accounts, systems=lambda: SYSTEMS, board=_board(clock))
    showing = Showing(
        store, People(store.people, clock, lambda: accounts, Audit(store.settings, clock)), clock, served
    )
    boss, one = OPERATOR, "account-0040"
    failing = frozenset({State.FAILING})
    pages: list[tuple[str, Callable[[], Awaitable[object]]]] = [
        ("all accounts, the first page", lambda: showing.overview(boss, Wanted())),
        ("all accounts, by their last read, the tenth", lambda: showing.overview(boss, _tenth())),
        ("all accounts, those that fail", lambda: showing.overview(boss, Wanted(states=failing))),
        ("all accounts, searched", lambda: showing.overview(boss, Wanted(search="-19"))),
        ("repairs", lambda: showing.repairs(boss)),
        ("one account", lambda: showing.account(boss, one)),
        ("one account's activity", lambda: showing.activity(boss, one)),
        ("one account's activity, its last page", lambda: showing.activity(boss, one, before=41 * LEDGER - 450)),
        ("what one account leaves out", lambda: showing.left_out(boss, one)),
        ("one account's pairs", lambda: showing.pairs(boss, one)),
    ]
    try:
        return [PageTime(name, [await _cost(page) for _ in range(ROUNDS)]) for name, page in pages]
    finally:
        await store.close()


def _board(clock: Clock) -> Board:
    """Return what the service knows of all accounts."""
    board = Board(clock)
    for number, name in enumerate(_names()):
        board.begin(name, NOW)
        if number % 50 == 0:
            busy = {"error": "connection mail: busy", "error_class": "Retry"}
            board.note(name, State.FAILING, since=NOW, **busy)
        else:
            board.note(name, State.WAITING)
    return board


def _tenth() -> Wanted:
    return Wanted(order=Order.GOOD_AT, offset=450)


async def _cost(page: Callable[[], Awaitable[object]]) -> Cost:
    began, cpu = time.perf_counter(), time.process_time()
    await page()
    return Cost(wall=time.perf_counter() - began, cpu=time.process_time() - cpu)


def _names() -> list[str]:
    return [f"account-{number:04}" for number in range(ACCOUNTS)]


def _fill(place: Path) -> None:
    """Fill a store as 2,000 agents would in a month: each fifth account has something to look at."""
    database = sqlite3.connect(place)
    database.execute("PRAGMA synchronous = OFF")
    good = codec.instant_text(NOW)
    with database:
        database.executemany("INSERT INTO account (name, good_at) VALUES (?, ?)", [(n, good) for n in _names()])
        database.executemany(
            "INSERT INTO side (account, side, round, written) VALUES (?, ?, 1, 1)",
            [(name, side.value) for name in _names() for side in Side],
        )
        for number, name in enumerate(_names()):
            database.executemany(f"INSERT INTO ledger VALUES ({_marks(12)})", _ledger(number, name))  # noqa: S608
            database.executemany(f"INSERT INTO link VALUES ({_marks(9)})", _links(name))  # noqa: S608
            database.executemany(f"INSERT INTO seen VALUES ({_marks(8)})", _seen(name))  # noqa: S608
            database.executemany(f"INSERT INTO run VALUES ({_marks(17)})", _runs(number, name))  # noqa: S608
            if number % 5 == 0:
                database.executemany(f"INSERT INTO unsynced VALUES ({_marks(6)})", _unsynced(name))  # noqa: S608
                database.execute(
                    f"INSERT INTO hold VALUES ({_marks(6)})",  # noqa: S608
                    (name, "right", "r1", "update", "conflict", good),
                )
    database.close()


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _ledger(number: int, name: str) -> Iterator[tuple[object, ...]]:
    for row in range(LEDGER):
        at = codec.instant_text(NOW - timedelta(hours=LEDGER - row))
        kind = ("create", "update", "update", "delete")[row % 4]
        event = row % PAIRS
        entry = (number * LEDGER + row + 1, name, row, at, kind, "right", "new", f"r{event}", event, "{}", VALUES)
        yield (*entry, f"l{event}")


def _links(name: str) -> Iterator[tuple[object, ...]]:
    for row in range(PAIRS):
        yield (name, row, f"l{row}", f"r{row}", "awake", None, "left", BASE, BASE)


def _seen(name: str) -> Iterator[tuple[object, ...]]:
    for side in Side:
        for row in range(PAIRS):
            event_id = f"{side[0]}{row}"
            text = codec.text(Observation(id=event_id, event=MEETING, revision=f"{name}-{row}"))
            yield (name, side.value, event_id, text, 1, 1, "present", 1)


def _runs(number: int, name: str) -> Iterator[tuple[object, ...]]:
    for row in range(RUNS):
        at = codec.instant_text(NOW - timedelta(hours=RUNS - row))
        fails = number % 50 == 0 and row == RUNS - 1
        error = ("Retry", "connection mail: busy") if fails else (None, None)
        yield (None, name, row, at, at, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, *error)


def _unsynced(name: str) -> Iterator[tuple[object, ...]]:
    at = codec.instant_text(NOW)
    for row in range(20):
        kind, reason = ("block", "has_attendees") if row == 0 else ("skip", "series")
        yield (name, "left", f"l{row}", kind, reason, at)


if __name__ == "__main__":
    found = page_times()
    print(page_table(found))
    sys.exit(0 if all(one.kept for one in found) else 1)
