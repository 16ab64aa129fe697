"""The store in one SQLite file: WAL, every commit flushed to the disk; accounts and pages read side by side."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from calsync.errors import StoreError
from calsync.records import Lease, Store, Writes
from calsync.store import codec, rows, statements
from calsync.store.assignments import SqliteAssignments
from calsync.store.connection import fetch
from calsync.store.decisions import SqliteDecisions
from calsync.store.excerpt import fill_account
from calsync.store.failures import understood
from calsync.store.history import SqliteHistory
from calsync.store.images import Images, images_beside
from calsync.store.lives import SqliteLives
from calsync.store.migrate import migrate, migrations
from calsync.store.opening import MEMORY, connect, create_private, fill
from calsync.store.people import SqlitePeople
from calsync.store.reading import read_account
from calsync.store.settings import SqliteSettings
from calsync.store.showing import SqliteShowing
from calsync.store.writing import SqliteTransaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path
    from typing import TypeVar

    from calsync.records import AccountState, LedgerEntry, Selection, Transaction
    from calsync.store.connection import Connection
    from calsync.store.rows import Row
    from calsync.sync.asking import Hang

    T = TypeVar("T")


class SqliteStore(Store):
    """Opened by `open`, by `copy`, by `excerpt`, or by `in_memory`; closed by `close`."""

    def __init__(
        self,
        writer: Connection,
        reader: Connection,
        pages: Connection | None = None,
        *,
        images: Images | None = None,
    ) -> None:
        """`pages` reads what people look at, so that no account waits for it; None: the reader does.

        `images` seal what the ledger keeps of events; None: they are kept as they are.
        """
        self._images = images or Images()
        self._writer = writer
        self._reader = reader
        pages = pages or reader
        self._connections = dict.fromkeys((pages, reader, writer))
        self._settings = SqliteSettings(writer, reader)
        self.decisions = SqliteDecisions(writer, reader)
        self.people = SqlitePeople(writer, pages)
        """Who may sign in."""
        self.assignments = SqliteAssignments(writer, pages)
        """Whom they are elsewhere."""
        self.history = SqliteHistory(writer, pages)
        """What runs came to."""
        self.showing = SqliteShowing(pages, self._images)
        """What pages show."""
        self.lives = SqliteLives(pages, self._images)
        """What is remembered of one appointment."""

    @property
    def settings(self) -> SqliteSettings:
        return self._settings

    @classmethod
    async def open(cls, path: Path, *, busy_seconds: float = 5.0) -> SqliteStore:
        """Open the file, create it readable by its owner only where it is missing, and migrate it.

        `busy_seconds` is how long a transaction waits for another process before StoreError.
        """
        create_private(path)

        async def opened() -> Connection:
            connection = await connect(str(path), str(path), busy_seconds)
            opening.push_async_callback(connection.close)
            return connection

        async with AsyncExitStack() as opening:
            writer = await opened()
            await migrate(writer, migrations())
            images = images_beside(path, create=True)
            store = cls(writer, await opened(), await opened(), images=images)
            opening.pop_all()
        return store

    @classmethod
    async def copy(cls, path: Path) -> SqliteStore:
        """Copy the file into memory, migrate the copy, and leave the file byte for byte as it is.

        A file that does not exist gives an empty store.
        """
        images = images_beside(path, create=False)
        connection = await connect(MEMORY, f"{path} (copied into memory)")
        try:
            await fill(connection, path)
            await migrate(connection, migrations())
        except BaseException:
            await connection.close()
            raise
        return cls(connection, connection, images=images)

    @classmethod
    async def excerpt(cls, path: Path, account: str, since: datetime) -> SqliteStore:
        """Copy into memory what runs of one account read, and leave the file as it is.

        Of the ledger that is what was written since an instant, and the first entry. A file that does not exist
        gives an empty store.
        """
        images = images_beside(path, create=False)
        connection = await connect(MEMORY, f"{path} (copied into memory)")
        try:
            await fill_account(connection, path, account, since)
            await migrate(connection, migrations())
        except BaseException:
            await connection.close()
            raise
        return cls(connection, connection, images=images)

    @classmethod
    async def in_memory(cls) -> SqliteStore:
        """Open an empty store that is gone when it is closed."""
        connection = await connect(MEMORY, MEMORY)
        await migrate(connection, migrations())
        return cls(connection, connection)

    async def load(self, account: str, lately: datetime) -> AccountState:
        with understood(self._reader.place):
            return await self._reader.transaction("DEFERRED", partial(read_account, account, lately))

    async def acquire(self, account: str, holder: str, now: datetime, life: timedelta) -> Lease | None:
        until = now + life
        times = {"now": codec.instant_text(now), "until": codec.instant_text(until)}
        values = {"account": account, "holder": holder, **times}
        taken = await self._writer.call(lambda database: fetch(database, statements.ACQUIRE, values))
        return Lease(account=account, holder=holder, fence=taken[0]["fence"], until=until) if taken else None

    async def renew(self, lease: Lease, now: datetime, life: timedelta) -> Lease:
        until = now + life
        values = {**_who(lease), "fence": lease.fence, "until": codec.instant_text(until)}
        if not await self._write(statements.RENEW, values):
            raise self._lost(lease)
        return Lease(account=lease.account, holder=lease.holder, fence=lease.fence, until=until)

    async def release(self, lease: Lease, good_at: datetime | None = None) -> None:
        good = None if good_at is None else codec.instant_text(good_at)
        await self._write(statements.RELEASE, {**_who(lease), "fence": lease.fence, "good_at": good})

    async def holders(self) -> Sequence[str]:
        return [row["holder"] for row in await self._read(statements.HOLDERS, {})]

    async def leases(self) -> Sequence[Lease]:
        return self._understood(rows.lease, await self._read(statements.LEASES, {}))

    async def expire(self, holder: str) -> None:
        await self._write(statements.EXPIRE, {"holder": holder})

    async def add_hang(self, account: str, hang: Hang) -> None:
        def add(database: sqlite3.Connection) -> None:
            database.execute(statements.NEW_ACCOUNT, {"account": account})
            for statement, values in statements.PUT_HANG.of([{"account": account, **rows.hang_row(hang)}]):
                database.execute(statement, values)

        await self._writer.transaction("IMMEDIATE", add)

    @asynccontextmanager
    async def transaction(self, lease: Lease) -> AsyncIterator[Transaction]:
        collected = SqliteTransaction(lease.account, self._images)
        yield collected

        def write(database: sqlite3.Connection) -> None:
            # The database stays locked from this check to the commit, so nobody can take the lease in between.
            if _fence(database, _who(lease)) != lease.fence:
                raise self._lost(lease)
            collected.write(database)

        await self._writer.transaction("IMMEDIATE", write)

    async def ledger(self, account: str, last: int) -> Sequence[LedgerEntry]:
        found = await self._read(statements.LEDGER, {"account": account, "last": last})
        return self._understood(self._entry, reversed(found))

    async def writes(self, account: str, selection: Selection) -> Writes:
        wanted = {
            "account": account,
            "ids": json.dumps([*selection.ids]),
            "run": selection.run,
            "since": selection.since and codec.instant_text(selection.since),
        }
        found = await self._read(statements.WRITES, wanted)
        chosen = frozenset(row["id"] for row in found if row["chosen"])
        return Writes(self._understood(self._entry, found), chosen)

    async def accounts_of(self, ids: Sequence[int]) -> Sequence[str]:
        """Return the accounts that the ledger's entries of these numbers belong to."""
        found = await self._read(statements.ACCOUNTS_OF, {"ids": json.dumps([*ids])})
        return [row["account"] for row in found]

    async def repeats(self, account: str, since: datetime, times: int) -> Sequence[LedgerEntry]:
        wanted = {"account": account, "since": codec.instant_text(since), "times": times}
        return self._understood(self._entry, await self._read(statements.REPEATS, wanted))

    def _entry(self, row: sqlite3.Row) -> LedgerEntry:
        return rows.ledger_entry(row, self._images)

    async def expect_writable(self) -> None:
        """Write something that changes nothing, to the disk. Raises StoreError where that cannot be done."""

        def write(database: sqlite3.Connection) -> None:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            database.execute(f"PRAGMA user_version = {version}")

        await self._writer.transaction("IMMEDIATE", write)

    async def close(self) -> None:
        for connection in self._connections:
            await connection.close()

    async def _write(self, sql: str, values: Row) -> int:
        """Run one statement, which is a transaction of its own; return how many rows it changed."""
        return await self._writer.call(lambda database: database.execute(sql, values).rowcount)

    async def _read(self, sql: str, values: Row) -> Sequence[sqlite3.Row]:
        return await self._reader.call(lambda database: fetch(database, sql, values))

    def _understood(self, read: Callable[[sqlite3.Row], T], found: Iterable[sqlite3.Row]) -> Sequence[T]:
        with understood(self._reader.place):
            return [read(row) for row in found]

    def _lost(self, lease: Lease) -> StoreError:
        return StoreError(f"store {self._writer.place}: another calsync has taken over account {lease.account}")


def _fence(database: sqlite3.Connection, who: Row) -> int | None:
    """Return the fence of a holder, None where it holds nothing."""
    found = fetch(database, statements.FENCE, who)
    return found[0]["fence"] if found else None


def _who(lease: Lease) -> dict[str, str]:
    return {"account": lease.account, "holder": lease.holder}
