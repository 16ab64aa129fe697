"""The store in a database, whichever that is; accounts and pages read side by side."""

from __future__ import annotations

import json
from abc import abstractmethod
from functools import partial
from typing import TYPE_CHECKING

from calsync.errors import StoreError
from calsync.records import Lease, Store, Writes
from calsync.store import codec, rows, statements
from calsync.store.assignments import StoredAssignments
from calsync.store.connection import fetch
from calsync.store.decisions import StoredDecisions
from calsync.store.failures import understood
from calsync.store.history import StoredHistory
from calsync.store.images import Images
from calsync.store.lives import StoredLives
from calsync.store.people import StoredPeople
from calsync.store.reading import read_account, read_rest
from calsync.store.settings import StoredSettings
from calsync.store.showing import StoredShowing
from calsync.store.turns import StoredTurns
from calsync.store.writing import StoredTransaction
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime, timedelta
    from typing import TypeVar

    from calsync.records import AccountState, LedgerEntry, Rest, Scope, Selection, Transaction
    from calsync.store.commits import Commits
    from calsync.store.connection import Connection, Database, Found
    from calsync.store.rows import Row
    from calsync.sync.asking import Hang
    from calsync.sync.model import Side

    T = TypeVar("T")


class SqlStore(Store):
    """Opened as one of those that belong to a database; closed by `close`."""

    def __init__(
        self,
        writer: Connection,
        reader: Connection,
        pages: Connection | None = None,
        *,
        images: Images | None = None,
        commits: Commits | None = None,
    ) -> None:
        """`pages` reads what people look at, so that no account waits for it; None: the reader does.

        `images` seal what the ledger keeps of events; None: they are kept as they are. `commits` tells whether
        anything has changed, where the database can tell that at once.
        """
        self._images = images or Images()
        self._writer = writer
        self._reader = reader
        pages = pages or reader
        self._connections = dict.fromkeys((pages, reader, writer))
        self._commits = commits
        self._settings = StoredSettings(writer, reader, commits)
        self.decisions = StoredDecisions(writer, reader)
        self.people = StoredPeople(writer, pages)
        """Who may sign in."""
        self.assignments = StoredAssignments(writer, pages)
        """Whom they are elsewhere."""
        self.history = StoredHistory(writer, pages)
        """What runs came to."""
        self.turns = StoredTurns(writer, reader)
        """Whose turn it is, where other processes run accounts."""
        self.showing = StoredShowing(pages, self._images)
        """What pages show."""
        self.lives = StoredLives(pages, self._images)
        """What is remembered of one appointment."""

    @property
    def settings(self) -> StoredSettings:
        return self._settings

    async def load(self, account: str, lately: datetime, scope: Scope | None = None) -> AccountState:
        with understood(self._reader.place):
            return await self._reader.read(partial(read_account, account, lately, scope=scope))

    async def rest(self, account: str) -> Rest | None:
        with understood(self._reader.place):
            return await self._reader.call(partial(read_rest, account))

    async def stay(self, account: str, rest: Rest, tokens: Mapping[Side, str | None], good_at: datetime) -> bool:
        values = {"account": account, "terms": rest.terms, "run": rest.run, "good_at": codec.instant_text(good_at)}
        moved = {side: token for side, token in tokens.items() if token != rest.sides[side].token}

        def stay(database: Database) -> bool:
            if not database.execute(statements.STAY, values).rowcount:
                return False
            for side, token in moved.items():
                database.execute(statements.READ_ON, {"account": account, "side": side, "token": token})
            return True

        return await self._writer.write(stay, account)

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
        def add(database: Database) -> None:
            database.execute(statements.NEW_ACCOUNT, {"account": account})
            (last,) = fetch(database, statements.LAST_RUN, {"account": account})
            found = fetch(database, statements.HANG_ABOUT, {"account": account, **rows.hang_key(hang)})
            before = [each for row in found for each in rows.hangs(row)]
            row = rows.hang_row(replace(hang, noted_run=last["run"]), before)
            for statement, values in statements.PUT_HANG.of([{"account": account, **row}]):
                database.execute(statement, values)
            database.execute(statements.DISTURB, {"account": account})

        await self._writer.write(add, account)

    def transaction(self, lease: Lease) -> AbstractAsyncContextManager[Transaction]:
        def write(collected: StoredTransaction, database: Database) -> None:
            # What the write is about stays locked to the commit, so nobody can take the lease in between.
            if _fence(database, _who(lease)) != lease.fence:
                raise self._lost(lease)
            collected.write(database)

        def commit(collected: StoredTransaction) -> Awaitable[None]:
            return self._writer.write(partial(write, collected), lease.account)

        return StoredTransaction(lease.account, self._images, commit)

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

    async def forget_ledger(self, before: datetime) -> None:
        await self._write(statements.FORGET_LEDGER, {"before": codec.instant_text(before)})

    async def repeats(self, account: str, since: datetime, times: int) -> Sequence[LedgerEntry]:
        wanted = {"account": account, "since": codec.instant_text(since), "times": times}
        return self._understood(self._entry, await self._read(statements.REPEATS, wanted))

    def _entry(self, row: Found) -> LedgerEntry:
        return rows.ledger_entry(row, self._images)

    @abstractmethod
    async def expect_writable(self) -> None:
        """Write something that changes nothing, to the disk. Raises StoreError where that cannot be done."""

    async def close(self) -> None:
        if self._commits is not None:
            self._commits.close()
        for connection in self._connections:
            await connection.close()

    async def _write(self, sql: str, values: Row) -> int:
        """Run one statement, which is a transaction of its own; return how many rows it changed."""
        return await self._writer.call(lambda database: database.execute(sql, values).rowcount)

    async def _read(self, sql: str, values: Row) -> Sequence[Found]:
        return await self._reader.call(lambda database: fetch(database, sql, values))

    def _understood(self, read: Callable[[Found], T], found: Iterable[Found]) -> Sequence[T]:
        with understood(self._reader.place):
            return [read(row) for row in found]

    def _lost(self, lease: Lease) -> StoreError:
        return StoreError(f"store {self._writer.place}: another calsync has taken over account {lease.account}")


def _fence(database: Database, who: Row) -> int | None:
    """Return the fence of a holder, None where it holds nothing."""
    found = fetch(database, statements.FENCE, who)
    return found[0]["fence"] if found else None


def _who(lease: Lease) -> dict[str, str]:
    return {"account": lease.account, "holder": lease.holder}
