"""What may be written in a transaction of the store."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Self

from calsync.records import Transaction
from calsync.store import codec, rows, statements

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable
    from datetime import datetime

    from calsync.records import Attempt, Held, Intent, LedgerEntry, Rebuild, SideState, Tombstone
    from calsync.store.connection import Database
    from calsync.store.images import Images
    from calsync.store.rows import Row
    from calsync.store.statements import Many
    from calsync.sync.asking import Hang
    from calsync.sync.choices import Decision
    from calsync.sync.model import Link, Side
    from calsync.sync.view import Seen


class StoredTransaction(Transaction):
    """Collects what is to be written of one account, in batches, until `write` writes all of it.

    Left well, it is committed.
    """

    def __init__(
        self, account: str, images: Images, commit: Callable[[StoredTransaction], Awaitable[None]]
    ) -> None:
        self._account = account
        self._images = images
        self._commit = commit
        self._collected: list[tuple[str, Row | list[Any]]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error is None:
            await self._commit(self)

    def write(self, database: Database) -> None:
        """Run what was collected, in its order, inside the caller's transaction."""
        for statement, values in self._collected:
            database.execute(statement, values)

    def begin_run(self, run: int) -> None:
        self._one(statements.BEGIN_RUN, {"run": run})

    def set_rest(self, terms: str, unsettled: Collection[tuple[Side, str]]) -> None:
        self._one(statements.SET_REST, {"terms": terms, "unsettled": rows.events_text(unsettled)})

    def set_rebuild(self, why: Rebuild | None) -> None:
        self._one(statements.SET_REBUILD, {"rebuild": why})
        if why is not None:
            self._one(statements.DROP_DECISIONS, {})

    def set_rules(self, rules: str) -> None:
        self._one(statements.SET_RULES, {"rules": rules})

    def put_side(self, side: Side, state: SideState) -> None:
        self._many(statements.PUT_SIDE, [rows.side_row(side, state)])

    def put_seen(self, side: Side, seen: Iterable[Seen]) -> None:
        self._many(statements.PUT_SEEN, (rows.seen_row(side, each) for each in seen))

    def drop_seen(self, side: Side, event_ids: Iterable[str]) -> None:
        self._many(statements.DROP_SEEN, ({"side": side, "event_id": each} for each in event_ids))

    def put_links(self, links: Iterable[Link]) -> None:
        batch = [rows.link_row(link) for link in links]
        self.drop_links(row["id"] for row in batch)
        self._many(statements.ADD_LINK, batch)

    def drop_links(self, ids: Iterable[int]) -> None:
        self._many(statements.DROP_LINK, ({"id": each} for each in ids))

    def put_intents(self, intents: Iterable[Intent]) -> None:
        self._many(statements.PUT_INTENT, (rows.intent_row(intent) for intent in intents))

    def drop_intents(self, markers: Iterable[str]) -> None:
        self._many(statements.DROP_INTENT, ({"marker": marker} for marker in markers))

    def put_attempts(self, attempts: Iterable[Attempt]) -> None:
        self._many(statements.PUT_ATTEMPT, (rows.attempt_row(attempt) for attempt in attempts))

    def drop_attempts(self, keys: Iterable[tuple[Side, str]]) -> None:
        self._many(statements.DROP_ATTEMPT, _keys(keys))

    def set_holds(self, holds: Iterable[Held]) -> None:
        self._one(statements.DROP_HOLDS, {})
        self._many(statements.PUT_HOLD, (rows.hold_row(held) for held in holds))

    def drop_decisions(self, decisions: Iterable[Decision]) -> None:
        self._many(statements.DROP_DECISION, (rows.decision_row(decision) for decision in decisions))

    def put_tombstones(self, tombstones: Iterable[Tombstone]) -> None:
        self._many(statements.PUT_TOMBSTONE, (rows.tombstone_row(tombstone) for tombstone in tombstones))

    def drop_tombstones(self, keys: Iterable[tuple[Side, str]]) -> None:
        self._many(statements.DROP_TOMBSTONE, _keys(keys))

    def drop_hangs(self, hangs: Iterable[Hang]) -> None:
        found = ({**rows.hang_key(hang), "noted_run": hang.noted_run} for hang in hangs)
        self._many(statements.DROP_HANG, found)

    def add_ledger(self, entries: Iterable[LedgerEntry]) -> None:
        put = partial(rows.ledger_row, account=self._account, images=self._images)
        batch = [put(entry) for entry in entries]
        self._many(statements.ADD_LEDGER, batch)
        if mails := sum((row["attendees"] or 0) > 0 for row in batch):
            self._one(statements.PREVENTED, {"mails": mails})

    def expire(self, before: datetime) -> None:
        for statement in (statements.EXPIRE_TOMBSTONES, statements.EXPIRE_LEDGER):
            self._one(statement, {"before": codec.instant_text(before)})

    def _one(self, statement: str, row: Row) -> None:
        self._collected.append((statement, {"account": self._account, **row}))

    def _many(self, statement: Many, batch: Iterable[Row]) -> None:
        self._collected.extend(statement.of([{"account": self._account, **row} for row in batch]))


def _keys(keys: Iterable[tuple[Side, str]]) -> Iterable[Row]:
    return ({"side": side, "event_id": event_id} for side, event_id in keys)
