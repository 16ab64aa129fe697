"""A connection of psycopg as the store's functions see it."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import RawCursor
from psycopg.pq import TransactionStatus
from psycopg.types.string import StrDumper

from calsync.store.postgresql.dialect import translated
from calsync.store.postgresql.failures import UNDONE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeVar

    from psycopg import Cursor
    from psycopg.rows import RowMaker

    from calsync.store.connection import Database, Work

    T = TypeVar("T")

SHAPES = 512
"""So many sets of columns are kept."""
TIMES = 5
"""So often a transaction is begun that the server undoes."""
READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED"
LOCK_ACCOUNT = "SELECT 1 FROM account WHERE name = :account FOR UPDATE"
LOCK_THE_REST = "SELECT pg_advisory_xact_lock(:number)"
THE_REST = 0x63616C7300000001
"""`cals` in ASCII, and a number: what is written about no account."""


NUMBERED = ("ledger", "run", "audit", "person", "api_token")
"""Tables whose rows are numbered by the server."""
# Behind what is there; at 1 where nothing is.
GO_ON = """
SELECT setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 1), max(id) IS NOT NULL) FROM {table}
"""


class Row(tuple[Any, ...]):
    """A row, its values also by the names of their columns."""

    __slots__ = ()
    places: Mapping[str, int]

    def __getitem__(self, key: Any) -> Any:
        return tuple.__getitem__(self, self.places[key] if type(key) is str else key)

    def keys(self) -> Sequence[str]:
        return list(self.places)


@lru_cache(SHAPES)
def _shape(columns: tuple[str, ...]) -> type[Row]:
    places = {name: place for place, name in enumerate(columns)}
    return type("Row", (Row,), {"__slots__": (), "places": places})


def _set_up(raw: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    raw.row_factory = _rows
    raw.cursor_factory = RawCursor  # its placeholders are the server's, so that it has nothing to translate
    # Else a text is of no type, and the server would guess another one at each place where a statement names it.
    raw.adapters.register_dumper(str, StrDumper)
    return raw


def _rows(cursor: Cursor[Any]) -> RowMaker[Row]:
    return _shape(tuple(column.name for column in cursor.description or ()))


class PostgresDatabase:
    """Runs the store's statements on one connection, which is in nobody else's hands meanwhile."""

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]]) -> None:
        """`connect` makes a connection that commits by itself, so that transactions begin where it is said."""
        self._connect = connect
        self.raw = _set_up(connect())

    def execute(self, sql: str, values: Mapping[str, Any] | Sequence[Any] = (), /) -> Cursor[Any]:
        statement = translated(sql)
        return self.raw.execute(statement.text, statement.ordered(values))

    def begin(self, how: str) -> None:
        """Begin a transaction. A connection that is found dead is replaced: nothing was done on it yet."""
        try:
            self.execute(how)
        except psycopg.Error:
            if not self.raw.closed:
                raise
            self.raw = _set_up(self._connect())
            self.execute(how)

    def rollback(self) -> None:
        """End a transaction without its changes, if one is open. Nobody goes on in what is left of it."""
        try:
            if self.raw.info.transaction_status != TransactionStatus.IDLE:
                self.execute("ROLLBACK")
        except psycopg.Error:
            self.raw.close()


def go_on_counting(database: Database) -> None:
    """Have new rows numbered behind those that were written with their numbers."""
    for table in NUMBERED:
        database.execute(GO_ON.format(table=table))


def read(work: Work[T], database: PostgresDatabase) -> T:
    """Do what `Connection.read` does, in the connection's thread."""
    return _repeated(READ, work, database)


def write(work: Work[T], about: str | None, database: PostgresDatabase) -> T:
    """Do what `Connection.write` does, in the connection's thread."""
    return _repeated(WRITE, partial(_behind_the_lock, work, about), database)


def call(work: Work[T], database: PostgresDatabase) -> T:
    """Do what `Connection.call` does. The statement is a transaction, whose begin finds a dead connection."""
    return _repeated(WRITE, work, database)


def _behind_the_lock(work: Work[T], about: str | None, database: Database) -> T:
    if about is None:
        database.execute(LOCK_THE_REST, {"number": THE_REST})
    else:
        database.execute(LOCK_ACCOUNT, {"account": about})
    return work(database)


def _repeated(begin: str, work: Work[T], database: PostgresDatabase) -> T:
    for _ in range(TIMES - 1):
        try:
            return _transaction(begin, work, database)
        except psycopg.OperationalError as error:
            if error.sqlstate not in UNDONE:
                raise
    return _transaction(begin, work, database)


def _transaction(begin: str, work: Work[T], database: PostgresDatabase) -> T:
    database.begin(begin)
    try:
        result = work(database)
        database.execute("COMMIT")
    except BaseException:
        database.rollback()
        raise
    return result
