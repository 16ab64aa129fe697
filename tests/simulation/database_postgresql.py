"""The production store on PostgreSQL, against a real server, without a thread: each step waits for the answer.

So time stays virtual, and a seed gives the same history every time.
"""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

import psycopg

from calsync.store.copying import copy
from calsync.store.postgresql import database
from calsync.store.postgresql.connection import PostgresConnection, connected
from calsync.store.postgresql.database import PostgresDatabase, go_on_counting
from calsync.store.postgresql.migrate import bring_up, migrate
from calsync.store.postgresql.store import PostgresStore
from tests.simulation.database import EMPTY, Disk, InThread, SqliteDisk

if TYPE_CHECKING:
    from calsync.store import SqlStore
    from calsync.store.connection import Database
    from calsync.store.postgresql.connection import Threads
    from tests.simulation.database import Rows

PLACE = "simulation"
LOCK_SECONDS = 5


class PostgresDisk(Disk):
    """One database of a server. A process plays one world after the other in it."""

    _connected: ClassVar[dict[str, PostgresDatabase]] = {}

    def __init__(self, conninfo: str) -> None:
        if conninfo not in self._connected:
            self._connected[conninfo] = made = PostgresDatabase(partial(connected, conninfo, LOCK_SECONDS))
            database.write(partial(bring_up, PLACE), None, made)
        self.raw: PostgresDatabase = self._connected[conninfo]
        self._clear()

    def store(self) -> SqlStore:
        connection = self._connection()
        return PostgresStore(connection, connection)

    async def open_store(self) -> SqlStore:
        await migrate(self._connection())
        return self.store()

    def snapshot(self) -> Rows:
        with closing(SqliteDisk()) as disk:
            database.read(lambda source: copy(source, disk.raw, PLACE), self.raw)
            return disk.snapshot()

    def restore(self, rows: Rows) -> None:
        self._clear()
        with closing(SqliteDisk(rows)) as disk:

            def fill(target: Database) -> None:
                copy(disk.raw, target, PLACE)
                go_on_counting(target)

            database.write(fill, None, self.raw)

    def close(self) -> None:
        self._clear()

    def _clear(self) -> None:
        for statement in EMPTY:
            self.raw.execute(statement)
        go_on_counting(self.raw)

    def _connection(self) -> PostgresConnection:
        return PostgresConnection(cast("Threads", InThread(self.raw, psycopg.errors.LockNotAvailable)), PLACE)
