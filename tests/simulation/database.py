"""The production store on SQLite without aiosqlite's thread, so that a seed gives the same history every time.

All else is production: the statements, the migrations, the rows, the transactions. A disk outlives the processes
that use it. What becomes of a process can happen before a transaction and behind it, and never inside.
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

import psycopg

from calsync.store import SqliteStore, rows
from calsync.store.connection import fetch
from calsync.store.migrate import bring_up, migrate, migrations
from calsync.store.sqlite_connection import SqliteConnection
from calsync.sync.model import State
from calsync.sync.view import Standing

if TYPE_CHECKING:
    from calsync.store import SqlStore
    from calsync.store.commits import Commits
    from calsync.store.connection import Database
    from calsync.store.sqlite_connection import Threaded
    from calsync.sync.model import Side

T = TypeVar("T")
D = TypeVar("D")
LOCKED: ContextVar[Callable[[], bool]] = ContextVar("locked", default=lambda: False)
"""Tells whether this task finds the database locked by another program."""
OPEN = """
SELECT 'intent' AS what, side, marker AS name FROM intent WHERE account = :account
UNION ALL SELECT 'attempt', side, event_id FROM attempt WHERE account = :account
UNION ALL SELECT 'hold', side, reason FROM hold WHERE account = :account
"""
SEEN = "SELECT side, event_id, standing FROM seen WHERE account = :account"
LINKS = "SELECT left_id, right_id, state FROM link WHERE account = :account ORDER BY id"
LEDGER = "SELECT id, run, at FROM ledger WHERE account = :account ORDER BY id"
ENTRY = "SELECT * FROM ledger WHERE id = :id"
HOLDS = "SELECT reason FROM hold WHERE account = :account"
TABLES = """
SELECT name FROM sqlite_master
WHERE type = 'table' AND EXISTS (SELECT 1 FROM pragma_foreign_key_list(name) WHERE "table" = 'account')
"""
EMPTY = ("DELETE FROM account", "DELETE FROM audit", "UPDATE departed SET mails_prevented = 0")
"""What leaves nothing behind: with an account goes all that belongs to it."""
DOUBTS = {standing.value for standing in Standing if standing.in_doubt}
BROKEN_RULES = (sqlite3.IntegrityError, psycopg.IntegrityError)
"""What a database says of a write that its own rules forbid."""
STATEMENTS = 1000
"""More than there are: one for each number of rows that are written at once."""


class InThread(Generic[D]):
    """What a connection of the store asks of its database, carried out in one step of the process."""

    def __init__(self, raw: D, busy: Callable[[], Exception]) -> None:
        """`busy` makes what the database says where another program keeps it locked."""
        self._raw = raw
        self._busy = busy

    async def call(self, work: Callable[[D], T]) -> T:
        """Take one step. Killed before it, nothing has happened; behind it, all is kept and nobody was told."""
        if LOCKED.get()():
            raise self._busy()
        return work(self._raw)

    async def close(self) -> None:
        """The disk closes what it opened."""


Rows = Mapping[str, Sequence[tuple[Any, ...]]]
"""What a disk holds of all accounts, by table."""


class Disk(ABC):
    """One database. All processes share a connection: no two transactions are ever open at once."""

    raw: Database

    @abstractmethod
    def store(self) -> SqlStore:
        """Return the store on it, without what a process does when it begins."""

    @abstractmethod
    async def open_store(self) -> SqlStore:
        """Open the store as one process does."""

    @abstractmethod
    def snapshot(self) -> Rows:
        """Return a copy of what is committed."""

    @abstractmethod
    def restore(self, rows: Rows) -> None:
        """Put an old copy in place of what it holds. No process may have it open."""

    @abstractmethod
    def close(self) -> None:
        """Leave it empty for the next world."""


class SqliteDisk(Disk):
    """A database in memory."""

    _empty: ClassVar[list[sqlite3.Connection]] = []
    """What earlier worlds left behind: migrated, emptied, and with every statement prepared."""

    def __init__(self, rows: Rows | None = None) -> None:
        """`rows` are what another disk held."""
        self.raw: sqlite3.Connection = self._empty.pop() if self._empty else _migrated()
        self._fill(rows or {})

    def store(self) -> SqlStore:
        return store_on(self.raw)

    async def open_store(self) -> SqlStore:
        return await open_copy(self.raw)

    def snapshot(self) -> Rows:
        cursor = self.raw.cursor()
        cursor.row_factory = None  # plain tuples
        found = ((table, cursor.execute(f"SELECT * FROM {table}").fetchall()) for table in _tables())  # noqa: S608 - of the schema
        return {table: rows for table, rows in found if rows}

    def restore(self, rows: Rows) -> None:
        self._wipe()
        self._fill(rows)

    def close(self) -> None:
        self._wipe()
        self._empty.append(self.raw)

    def _wipe(self) -> None:
        for table in reversed(_tables()):  # one by one: to look for what goes along takes longer
            self.raw.execute(f"DELETE FROM {table}")  # noqa: S608 - of the schema
        for statement in EMPTY:
            self.raw.execute(statement)

    def _fill(self, rows: Rows) -> None:
        for table, held in rows.items():
            marks = ", ".join("?" * len(held[0]))
            self.raw.executemany(f"INSERT INTO {table} VALUES ({marks})", held)  # noqa: S608 - of the schema


Make = Callable[[], Disk]
_make: list[Make] = [SqliteDisk]


def use(make: Make) -> None:
    """Let the worlds of this process have another kind of disk."""
    _make[:] = [make]


def new_disk() -> Disk:
    (make,) = _make
    return make()


@cache
def _tables() -> Sequence[str]:
    """Return the tables of what belongs to accounts; the accounts come first, which the others refer to."""
    with closing(_migrated()) as raw:
        found = raw.execute(TABLES).fetchall()
    return ["account", *(name for (name,) in found)]


def _migrated() -> sqlite3.Connection:
    raw = sqlite3.connect(":memory:", isolation_level=None, cached_statements=STATEMENTS)
    raw.row_factory = sqlite3.Row
    raw.execute("PRAGMA foreign_keys = ON")
    raw.execute("PRAGMA secure_delete = OFF")  # nobody reads what this memory held
    bring_up("simulation", migrations(), raw)
    return raw


@dataclass(frozen=True, slots=True)
class Left:
    """What a run left behind of an account, as far as its judges need it."""

    links: Sequence[tuple[str | None, str | None]]
    """The left and the right event of each link."""
    seen: frozenset[tuple[Side, str]]
    """The events that are remembered."""
    intents: int
    """How many writes are not settled."""
    attempts: frozenset[tuple[Side, str]]
    """The events of which a write is tried again."""
    waits: bool
    """A write is not settled, or an event is in doubt: another run will have work."""
    ledger: Sequence[tuple[int, int, str]]
    """The id, the run and the time of each row of the ledger, the oldest first: on a disk that was put back, an id
    is given again."""
    holds: frozenset[str] = frozenset()
    """Why something is held."""
    awake: int = 0
    """How many links are awake."""


def look(raw: Database, account: str) -> Left:
    """Read what a run left, without taking a turn."""
    values = {"account": account}
    still_open, seen, links = (fetch(raw, sql, values) for sql in (OPEN, SEEN, LINKS))
    intents = sum(what == "intent" for what, _, _ in still_open)
    return Left(
        attempts=frozenset((rows.SIDES[side], name) for what, side, name in still_open if what == "attempt"),
        seen=frozenset((rows.SIDES[side], event_id) for side, event_id, _ in seen),
        links=[(left, right) for left, right, _ in links],
        intents=intents,
        waits=bool(intents) or any(standing in DOUBTS for _, _, standing in seen),
        ledger=[tuple(row) for row in fetch(raw, LEDGER, values)],
        holds=frozenset(reason for what, _, reason in still_open if what == "hold"),
        awake=sum(state == State.AWAKE for _, _, state in links),
    )


async def open_copy(raw: sqlite3.Connection) -> SqlStore:
    """Open the store on a database in memory as one process does."""
    await migrate(_connection(raw), migrations())
    return store_on(raw)


def store_on(raw: sqlite3.Connection) -> SqlStore:
    connection = _connection(raw)
    return SqliteStore(connection, connection, commits=cast("Commits", CommitsOf(raw)))


class CommitsOf:
    """Tells of commits to a database that all processes share: by the rows that its connection has changed."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw

    def number(self) -> int:
        return self._raw.total_changes

    def close(self) -> None:
        """The disk closes what it opened."""


def _connection(raw: sqlite3.Connection) -> SqliteConnection:
    return SqliteConnection(cast("Threaded", InThread(raw, _busy)), "simulation")


def _busy() -> sqlite3.Error:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return error
