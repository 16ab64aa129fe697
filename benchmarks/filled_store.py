"""A store on the disk as 2,000 agents fill it in a month, and what the service would know of them."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from calsync.config.model import AccountConfig, SideConfig, WindowConfig
from calsync.desk.systems import System
from calsync.people import name_key
from calsync.service import Board, State
from calsync.store import codec
from calsync.store.images import images_beside
from calsync.sync.model import Base, Direction, Event, Observation, Side, Timed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
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
VALUES = Base.of(MEETING, 1).values
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


def owner(account: str) -> str:
    """Return the name of the person whose account it is."""
    return f"Agent {account}"


def _numbered(start: int) -> list[tuple[int, str]]:
    return list(enumerate(names(), start))


def fill(place: Path) -> None:
    """Fill a store as 2,000 agents would in a month. Each owns an account; each fifth has something to look at.

    `place`: of an empty store, which has been opened once.
    """
    images = images_beside(place, create=False)
    database = sqlite3.connect(place)
    database.execute("PRAGMA synchronous = OFF")
    good = codec.instant_text(NOW)
    with database:
        _insert(database, "account", "name, good_at", [(name, good) for name in names()])
        _insert(
            database,
            "side",
            "account, side, round, written, calendar",
            [(name, side.value, 1, 1, f"{side.value}/{name}") for name in names() for side in Side],
        )
        owners = [(number, owner(name), name_key(owner(name)), "user", good) for number, name in _numbered(1)]
        _insert(database, "person", "id, name, key, role, created", owners)
        owned = [(number, name, f"left/{name}", f"right/{name}") for number, name in _numbered(1)]
        _insert(database, "ownership", "person, account, left_calendar, right_calendar", owned)
        switched = [(good, "Chef", name, "enabled", "off", "on") for name in names()]
        _insert(database, "audit", "at, who, account, what, before, after", switched)
        for number, name in _numbered(0):
            _insert(database, "ledger", _LEDGER, _ledger(name, images.put(name, {}, VALUES)))
            _insert(database, "link", _LINK, _links(name))
            _insert(database, "seen", _SEEN, _seen(name))
            _insert(database, "run", _RUN, _runs(number, name))
            if number % 5 == 0:
                _insert(database, "unsynced", _UNSYNCED, _unsynced(name))
                held = (name, "right", "r1", "update", "conflict", good)
                _insert(database, "hold", "account, side, event_id, kind, reason, since", [held])
    database.close()


def _insert(database: sqlite3.Connection, table: str, columns: str, rows: Iterable[tuple[object, ...]]) -> None:
    """Add rows. `columns`: what the rows hold; all others are as a new row has them."""
    marks = ", ".join("?" * len(columns.split(",")))
    database.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)  # noqa: S608 - from here


_LEDGER = "account, run, at, kind, side, reason, event_id, link, before_image, after_image, source_id"


def _ledger(name: str, images: tuple[str, str]) -> Iterator[tuple[object, ...]]:
    """Yield one account's rows. `images`: of each row, sealed."""
    for row in range(LEDGER):
        at = codec.instant_text(NOW - timedelta(hours=LEDGER - row))
        kind = ("create", "update", "update", "delete")[row % 4]
        event = row % PAIRS
        yield (name, row, at, kind, "right", "new", f"r{event}", event, *images, f"l{event}")


_LINK = "account, id, left_id, right_id, state, origin, left_base, right_base"


def _links(name: str) -> Iterator[tuple[object, ...]]:
    for row in range(PAIRS):
        yield (name, row, f"l{row}", f"r{row}", "awake", "left", BASE, BASE)


_SEEN = "account, side, event_id, observation, first_run, round, standing, standing_run"


def _seen(name: str) -> Iterator[tuple[object, ...]]:
    for side in Side:
        for row in range(PAIRS):
            event_id = f"{side[0]}{row}"
            text = codec.text(Observation(id=event_id, event=MEETING, revision=f"{name}-{row}"))
            yield (name, side.value, event_id, text, 1, 1, "present", 1)


_COUNTS = [f"{side}_{what}" for side in Side for what in ("created", "updated", "deleted", "linked", "failed")]
_RUN = ", ".join(["account, number, began, ended", *_COUNTS, "error_class, error"])


def _runs(number: int, name: str) -> Iterator[tuple[object, ...]]:
    for row in range(RUNS):
        at = codec.instant_text(NOW - timedelta(hours=RUNS - row))
        fails = number % 50 == 0 and row == RUNS - 1
        error = ("Retry", "connection mail: busy") if fails else (None, None)
        yield (name, row, at, at, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, *error)


_UNSYNCED = "account, side, event_id, kind, reason, since"


def _unsynced(name: str) -> Iterator[tuple[object, ...]]:
    at = codec.instant_text(NOW)
    for row in range(20):
        kind, reason = ("block", "has_attendees") if row == 0 else ("skip", "series")
        yield (name, "left", f"l{row}", kind, reason, at)
