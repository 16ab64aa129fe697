"""The store in one SQLite file: WAL, every commit flushed to the disk, one writer and one reader."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from calsync.errors import StoreError
from calsync.records import Lease, Store
from calsync.store import codec, rows, statements
from calsync.store.failures import understood
from calsync.store.migrate import migrate, migrations
from calsync.store.opening import MEMORY, connect, create_private, fill
from calsync.store.reading import read_account
from calsync.store.writing import SqliteTransaction

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path
    from typing import Any, TypeVar

    from calsync.records import AccountState, LedgerEntry, Transaction
    from calsync.store.connection import Connection
    from calsync.sync.asking import Hang

    T = TypeVar("T")


class SqliteStore(Store):
    """Opened by `open`, by `copy`, or by `in_memory`; closed by `close`."""

    def __init__(self, writer: Connection, reader: Connection) -> None:
        self._writer = writer
        self._reader = reader

    @classmethod
    async def open(cls, path: Path, *, busy_seconds: float = 5.0) -> SqliteStore:
        """Open the file, create it readable by its owner only where it is missing, and migrate it.

        `busy_seconds` is how long a transaction waits for another process before StoreError.
        """
        create_private(path)
        writer = await connect(str(path), str(path), busy_seconds)
        try:
            await migrate(writer, migrations())
            return cls(writer, await connect(str(path), str(path), busy_seconds))
        except BaseException:
            await writer.close()
            raise

    @classmethod
    async def copy(cls, path: Path) -> SqliteStore:
        """Copy the file into memory, migrate the copy, and leave the file byte for byte as it is.

        A file that does not exist gives an empty store.
        """
        connection = await connect(MEMORY, f"{path} (copied into memory)")
        try:
            await fill(connection, path)
            await migrate(connection, migrations())
        except BaseException:
            await connection.close()
            raise
        return cls(connection, connection)

    @classmethod
    async def in_memory(cls) -> SqliteStore:
        """Open an empty store that is gone when it is closed."""
        connection = await connect(MEMORY, MEMORY)
        await migrate(connection, migrations())
        return cls(connection, connection)

    async def load(self, account: str, lately: datetime) -> AccountState:
        with understood(self._reader.place):
            async with self._reader.transaction("DEFERRED"):
                return await read_account(self._reader, account, lately)

    async def acquire(self, account: str, holder: str, now: datetime, life: timedelta) -> Lease | None:
        until = now + life
        times = {"now": codec.instant_text(now), "until": codec.instant_text(until)}
        who = {"account": account, "holder": holder}
        async with self._writer.transaction("IMMEDIATE"):
            await self._writer.execute(statements.NEW_ACCOUNT, {"account": account})
            if not await self._writer.execute(statements.ACQUIRE, who | times):
                return None
            fence = (await self._writer.fetch(statements.FENCE, who))[0]["fence"]
        return Lease(account=account, holder=holder, fence=fence, until=until)

    async def renew(self, lease: Lease, now: datetime, life: timedelta) -> Lease:
        until = now + life
        async with self._writer.transaction("IMMEDIATE"):
            values = {**_who(lease), "fence": lease.fence, "until": codec.instant_text(until)}
            if not await self._writer.execute(statements.RENEW, values):
                raise self._lost(lease)
        return Lease(account=lease.account, holder=lease.holder, fence=lease.fence, until=until)

    async def release(self, lease: Lease) -> None:
        async with self._writer.transaction("IMMEDIATE"):
            await self._writer.execute(statements.RELEASE, {**_who(lease), "fence": lease.fence})

    async def holders(self) -> Sequence[str]:
        async with self._reader.transaction("DEFERRED"):
            return [row["holder"] for row in await self._reader.fetch(statements.HOLDERS, {})]

    async def leases(self) -> Sequence[Lease]:
        async with self._reader.transaction("DEFERRED"):
            found = await self._reader.fetch(statements.LEASES, {})
        return self._read(rows.lease, found)

    async def expire(self, holder: str) -> None:
        async with self._writer.transaction("IMMEDIATE"):
            await self._writer.execute(statements.EXPIRE, {"holder": holder})

    async def add_hang(self, account: str, hang: Hang) -> None:
        async with self._writer.transaction("IMMEDIATE"):
            await self._writer.execute(statements.NEW_ACCOUNT, {"account": account})
            await self._writer.execute(statements.PUT_HANG, {"account": account, **rows.hang_row(hang)})

    @asynccontextmanager
    async def transaction(self, lease: Lease) -> AsyncIterator[Transaction]:
        # The database stays locked from this check to the commit, so nobody can take the lease in between.
        async with self._writer.transaction("IMMEDIATE"):
            held = await self._writer.fetch(statements.FENCE, _who(lease))
            if not held or held[0]["fence"] != lease.fence:
                raise self._lost(lease)
            yield SqliteTransaction(self._writer, lease.account)

    async def ledger(self, account: str, last: int) -> Sequence[LedgerEntry]:
        async with self._reader.transaction("DEFERRED"):
            found = await self._reader.fetch(statements.LEDGER, {"account": account, "last": last})
        return self._read(rows.ledger_entry, reversed(found))

    async def repeats(self, account: str, since: datetime, times: int) -> Sequence[LedgerEntry]:
        wanted = {"account": account, "since": codec.instant_text(since), "times": times}
        async with self._reader.transaction("DEFERRED"):
            found = await self._reader.fetch(statements.REPEATS, wanted)
        return self._read(rows.ledger_entry, found)

    async def close(self) -> None:
        await self._reader.close()
        if self._writer is not self._reader:
            await self._writer.close()

    def _read(self, read: Callable[[Mapping[str, Any]], T], found: Iterable[Mapping[str, Any]]) -> Sequence[T]:
        with understood(self._reader.place):
            return [read(row) for row in found]

    def _lost(self, lease: Lease) -> StoreError:
        return StoreError(f"store {self._writer.place}: another calsync has taken over account {lease.account}")


def _who(lease: Lease) -> dict[str, str]:
    return {"account": lease.account, "holder": lease.holder}
