"""A database of PostgreSQL as the place of a store."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg

from calsync.errors import StoreError
from calsync.store.codec import instant_text
from calsync.store.connection import fetch
from calsync.store.copying import copy
from calsync.store.erase import erase_rows
from calsync.store.excerpt import WHOLE, read_rows, write_rows
from calsync.store.export import read_export
from calsync.store.failures import translated
from calsync.store.files import nobody_else, there
from calsync.store.images import images_beside
from calsync.store.place import Place
from calsync.store.postgresql.connection import OPEN, PostgresConnection, connected, place_of
from calsync.store.postgresql.database import go_on_counting
from calsync.store.postgresql.erase import expect_owner, write_anew, write_statistics_anew
from calsync.store.postgresql.failures import told
from calsync.store.postgresql.migrate import version
from calsync.store.postgresql.store import PostgresStore
from calsync.store.sqlite import SqliteStore
from calsync.store.sqlite_connection import transaction

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path
    from typing import TypeVar

    from calsync.store.connection import Database, Work
    from calsync.sync.model import Direction

    T = TypeVar("T")

SECONDS = 2.0
"""How long a command waits for others to be gone, or for what they have locked."""
ALONE = "SELECT pg_advisory_xact_lock(:number)"
THERE = "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = current_schema()"
# Of the session: there it stays for as long as the connection does.
ALONE_FOR_A_WHILE = "SELECT pg_advisory_lock(%s)"


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open an SQLite file in this thread; what is written is on the disk when it is committed."""
    with translated(str(path)), closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.row_factory = sqlite3.Row
        raw.execute("PRAGMA synchronous = FULL")
        raw.execute("PRAGMA foreign_keys = ON")
        yield raw


class PostgresPlace(Place):
    """A database, and a folder for what is kept apart from it."""

    def __init__(self, conninfo: str, beside: Path) -> None:
        self.beside = beside
        self._conninfo = conninfo
        self._place = place_of(conninfo)

    async def open(self) -> PostgresStore:
        return await PostgresStore.open(self._conninfo, images_beside(self.beside, create=True))

    async def look(self) -> PostgresStore:
        return await self.open()

    async def show(self) -> PostgresStore:
        return await self.open()

    async def excerpt(self, account: str, since: datetime) -> SqliteStore:
        values = {"account": account, "since": instant_text(since)}
        found = await self._read(partial(read_rows, values=values, tables={"account", *WHOLE, "ledger"}))
        store = await SqliteStore.in_memory(images_beside(self.beside, create=False))
        await store.take(partial(write_rows, found or ()))
        return store

    async def directions(self) -> Mapping[str, Direction]:
        store = await self.open()
        try:
            return await store.showing.directions()
        finally:
            await store.close()

    async def export(self, account: str) -> Mapping[str, Any] | None:
        images = images_beside(self.beside, create=False)

        def work(database: Database) -> Mapping[str, Any] | None:
            tables = {row["name"] for row in fetch(database, THERE, {})}  # it may be of an earlier calsync
            return read_export(database, account, images, tables)

        return await self._read(work)

    async def erase(self, account: str, *, keep_off: bool) -> None:
        def work(database: Database) -> None:
            self._expect_alone(database, "erase again")
            expect_owner(self._place, database)
            erase_rows(account, keep_off, database)
            write_anew(database)

        await self._with(lambda connection: connection.write(work))
        await asyncio.to_thread(self._forget_statistics)

    def _forget_statistics(self) -> None:
        try:
            with closing(connected(self._conninfo, SECONDS)) as raw:
                write_statistics_anew(raw)
        except psycopg.Error as error:
            raise told(self._place, error) from error

    @contextmanager
    def alone(self, then: str) -> Iterator[None]:
        try:
            raw = connected(self._conninfo, SECONDS)
        except psycopg.Error as error:
            raise told(self._place, error) from error
        with closing(raw):
            try:
                raw.execute(ALONE_FOR_A_WHILE, (OPEN,))
            except psycopg.Error as error:
                raise self._refused(error, then) from error
            yield

    async def take_from(self, path: Path) -> Mapping[str, int]:
        """Write all of an SQLite file into this empty store; return how many rows that were, by table."""
        if not there(path):
            raise StoreError(f"store {path}: there is no such file, so there is nothing to copy")
        await (await SqliteStore.open(path)).close()  # it may be of an earlier calsync
        await (await self.open()).close()

        def take(target: Database) -> Mapping[str, int]:
            self._expect_alone(target, "copy again")
            with nobody_else(path, "copy again"), _opened(path) as source:
                counts = transaction("DEFERRED", lambda database: copy(database, target, self._place), source)
            go_on_counting(target)
            return counts

        return await self._with(lambda connection: connection.write(take))

    async def give_to(self, path: Path) -> Mapping[str, int]:
        """Write all of this store into a new or empty SQLite file; return how many rows that were, by table."""
        await (await self.open()).close()
        await (await SqliteStore.open(path)).close()

        def give(source: Database) -> Mapping[str, int]:
            self._expect_alone(source, "copy again")
            with nobody_else(path, "copy again"), _opened(path) as target:
                return transaction("IMMEDIATE", lambda database: copy(source, database, str(path)), target)

        # No `read`: that would show what there was before the others were gone.
        return await self._with(lambda connection: connection.write(give))

    async def _with(self, work: Callable[[PostgresConnection], Awaitable[T]]) -> T:
        connection = self._connection()
        try:
            return await work(connection)
        finally:
            await connection.close()

    async def _read(self, work: Work[T]) -> T | None:
        """Return what `work` finds; None where no store has been made yet."""

        def found(database: Database) -> T | None:
            return work(database) if version(self._place, database) else None

        return await self._with(lambda connection: connection.read(found))

    def _connection(self) -> PostgresConnection:
        return PostgresConnection.to(self._conninfo, 1, SECONDS)

    def _expect_alone(self, database: Database, then: str) -> None:
        """Expect that nobody has the store open, and let nobody open it before the transaction ends."""
        try:
            database.execute(ALONE, {"number": OPEN})
        except psycopg.Error as error:
            raise self._refused(error, then) from error

    def _refused(self, error: psycopg.Error, then: str) -> StoreError:
        if isinstance(error, psycopg.errors.LockNotAvailable):
            return StoreError(f"store {self._place}: another calsync has it open; stop it, then {then}")
        return told(self._place, error)
