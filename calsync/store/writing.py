"""What may be written in a transaction of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.records import Transaction
from calsync.store import codec, rows, statements

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from calsync.records import Attempt, Held, Intent, LedgerEntry, Rebuild, SideState, Tombstone
    from calsync.store.connection import Connection
    from calsync.store.rows import Row
    from calsync.sync.asking import Hang
    from calsync.sync.model import Link, Side
    from calsync.sync.view import Seen


class SqliteTransaction(Transaction):
    """Writes rows of one account, in batches."""

    def __init__(self, connection: Connection, account: str) -> None:
        self._connection = connection
        self._account = account

    async def begin_run(self, run: int) -> None:
        await self._many(statements.BEGIN_RUN, [{"run": run}])

    async def set_rebuild(self, why: Rebuild | None) -> None:
        await self._many(statements.SET_REBUILD, [{"rebuild": why}])

    async def put_side(self, side: Side, state: SideState) -> None:
        await self._many(statements.PUT_SIDE, [rows.side_row(side, state)])

    async def put_seen(self, side: Side, seen: Iterable[Seen]) -> None:
        await self._many(statements.PUT_SEEN, (rows.seen_row(side, each) for each in seen))

    async def drop_seen(self, side: Side, event_ids: Iterable[str]) -> None:
        await self._many(statements.DROP_SEEN, ({"side": side, "event_id": each} for each in event_ids))

    async def put_links(self, links: Iterable[Link]) -> None:
        batch = [rows.link_row(link) for link in links]
        await self.drop_links(row["id"] for row in batch)
        await self._many(statements.ADD_LINK, batch)

    async def drop_links(self, ids: Iterable[int]) -> None:
        await self._many(statements.DROP_LINK, ({"id": each} for each in ids))

    async def put_intents(self, intents: Iterable[Intent]) -> None:
        await self._many(statements.PUT_INTENT, (rows.intent_row(intent) for intent in intents))

    async def drop_intents(self, markers: Iterable[str]) -> None:
        await self._many(statements.DROP_INTENT, ({"marker": marker} for marker in markers))

    async def put_attempts(self, attempts: Iterable[Attempt]) -> None:
        await self._many(statements.PUT_ATTEMPT, (rows.attempt_row(attempt) for attempt in attempts))

    async def drop_attempts(self, keys: Iterable[tuple[Side, str]]) -> None:
        await self._many(statements.DROP_ATTEMPT, _keys(keys))

    async def set_holds(self, holds: Iterable[Held]) -> None:
        await self._many(statements.DROP_HOLDS, [{}])
        await self._many(statements.ADD_HOLD, (rows.hold_row(held) for held in holds))

    async def put_tombstones(self, tombstones: Iterable[Tombstone]) -> None:
        await self._many(statements.PUT_TOMBSTONE, (rows.tombstone_row(tombstone) for tombstone in tombstones))

    async def drop_tombstones(self, keys: Iterable[tuple[Side, str]]) -> None:
        await self._many(statements.DROP_TOMBSTONE, _keys(keys))

    async def drop_hangs(self, hangs: Iterable[Hang]) -> None:
        found = (rows.hang_row(hang) for hang in hangs)
        keys = ({"left_id": row["left_id"], "right_id": row["right_id"]} for row in found)
        await self._many(statements.DROP_HANG, keys)

    async def add_ledger(self, entries: Iterable[LedgerEntry]) -> None:
        await self._many(statements.ADD_LEDGER, (rows.ledger_row(entry) for entry in entries))

    async def expire(self, before: datetime) -> None:
        for statement in (statements.EXPIRE_TOMBSTONES, statements.EXPIRE_LEDGER):
            await self._many(statement, [{"before": codec.instant_text(before)}])

    async def _many(self, statement: str, batch: Iterable[Row]) -> None:
        account = {"account": self._account}
        await self._connection.execute_many(statement, [account | row for row in batch])


def _keys(keys: Iterable[tuple[Side, str]]) -> Iterable[Row]:
    return ({"side": side, "event_id": event_id} for side, event_id in keys)
