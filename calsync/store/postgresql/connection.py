"""Connections to PostgreSQL, each in a thread of its own, and the discipline of their transactions."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from calsync.errors import StoreError
from calsync.store.connection import Connection, settled
from calsync.store.postgresql import database
from calsync.store.postgresql.database import PostgresDatabase
from calsync.store.postgresql.failures import told

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from calsync.store.connection import Work

T = TypeVar("T")
SETTINGS = {
    "client_encoding": "UTF8",
    "synchronous_commit": "on",
    "idle_in_transaction_session_timeout": "30s",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
"""What every connection is told. Whoever freezes, or whose machine is gone, in the middle of a transaction, keeps
an account for half a minute only; what was committed is on the disk, whatever the server does for others."""
REACH = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""In seconds, the last one in milliseconds: how long a server that says nothing is waited for. One whose machine
is gone would else be waited for for hours."""
OPEN = 0x63616C7300000002
"""`cals` in ASCII, and a number: a lock that every connection shares for as long as it is there."""


def connected(conninfo: str, lock_seconds: float) -> psycopg.Connection[Any]:
    """Connect to a database. Raises psycopg.Error, and StoreError for one that holds no UTF-8."""
    whole = make_conninfo(conninfo, application_name="calsync", **REACH)
    raw = psycopg.connect(whole, autocommit=True)
    try:
        settings = {**SETTINGS, "lock_timeout": f"{round(lock_seconds * 1000)}ms"}
        raw.execute(
            b"SELECT " + b", ".join([b"set_config(%s, %s, false)"] * len(settings)),
            [word for setting in settings.items() for word in setting],
        )
        _expect_utf8(raw, conninfo)
        raw.execute("SELECT pg_advisory_lock_shared(%s)", (OPEN,))
    except BaseException:
        raw.close()
        raise
    return raw


def _expect_utf8(raw: psycopg.Connection[Any], conninfo: str) -> None:
    if raw.info.parameter_status("server_encoding") != "UTF8":
        raise StoreError(f"store {place_of(conninfo)}: the database must be made with the encoding UTF8")


def place_of(conninfo: str) -> str:
    """Return what names a database in messages: never a password, nor a user."""
    found = conninfo_to_dict(conninfo)
    return f"postgresql://{found.get('host') or 'localhost'}/{found.get('dbname') or ''}"


class Threads:
    """Connections, each in a thread of its own. What is asked for while all of them work waits for its turn."""

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]], most: int) -> None:
        self._connect = connect
        self._threads = ThreadPoolExecutor(most, "postgresql")
        self._own = threading.local()
        self._all: list[PostgresDatabase] = []

    async def call(self, work: Callable[[PostgresDatabase], T]) -> T:
        """Return what `work` returns, called in one of the threads with its connection."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._call, work)

    async def close(self) -> None:
        await asyncio.to_thread(self._close)

    def _call(self, work: Callable[[PostgresDatabase], T]) -> T:
        try:
            mine: PostgresDatabase = self._own.database
        except AttributeError:
            mine = self._own.database = PostgresDatabase(self._connect)
            self._all.append(mine)
        return work(mine)

    def _close(self) -> None:
        self._threads.shutdown()
        for each in self._all:
            each.raw.close()


class PostgresConnection(Connection):
    """Writes wait for those about the same account only."""

    def __init__(self, threads: Threads, place: str) -> None:
        self.place = place
        self._threads = threads

    @classmethod
    def to(cls, conninfo: str, most: int, lock_seconds: float) -> PostgresConnection:
        """Return what makes so many connections to a database, each when it is needed."""
        return cls(Threads(partial(connected, conninfo, lock_seconds), most), place_of(conninfo))

    def write(self, work: Work[T], about: str | None = None) -> Awaitable[T]:
        return self._settled(self._threads.call(partial(database.write, work, about)))

    def read(self, work: Work[T]) -> Awaitable[T]:
        return self._settled(self._threads.call(partial(database.read, work)))

    def call(self, work: Work[T]) -> Awaitable[T]:
        return self._settled(self._threads.call(partial(database.call, work)))

    async def close(self) -> None:
        await self._settled(self._threads.close())

    async def _settled(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return await settled(work)
        except psycopg.Error as error:
            raise told(self.place, error) from error
