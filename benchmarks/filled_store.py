"""A store on the disk as 2,000 agents fill it in a month, and what the service would know of them."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from calsync.config.model import AccountConfig, SideConfig, WindowConfig
from calsync.desk.systems import System
from calsync.service import Board, State
from calsync.store import codec
from calsync.sync.model import Base, Direction, Event, Observation, Side, Timed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calsync.ports import Clock

ACCOUNTS = 2000
LEDGER = 500
"""Rows of each account: a million altogether."""
PAIRS = 100
RUNS = 60
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


def board(clock: Clock) -> Board:
    """Return what the service knows of all accounts."""
    board = Board(clock)
    for number, name in enumerate(names()):
        board.begin(name, NOW)
        if number % 50 == 0:
            busy = {"error": "connection mail: busy", "error_class": "Retry"}
            board.note(name, State.FAILING, since=NOW, **busy)
        else:
            board.note(name, State.WAITING)
    return board


def names() -> list[str]:
    return [f"account-{number:04}" for number in range(ACCOUNTS)]


def fill(place: Path) -> None:
    """Fill a store as 2,000 agents would in a month: each fifth account has something to look at."""
    database = sqlite3.connect(place)
    database.execute("PRAGMA synchronous = OFF")
    good = codec.instant_text(NOW)
    with database:
        database.executemany("INSERT INTO account (name, good_at) VALUES (?, ?)", [(n, good) for n in names()])
        database.executemany(
            "INSERT INTO side (account, side, round, written) VALUES (?, ?, 1, 1)",
            [(name, side.value) for name in names() for side in Side],
        )
        for number, name in enumerate(names()):
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
