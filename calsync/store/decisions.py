"""What persons decide about what is held. The engine reads it with the account, and is done with it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from calsync.store import rows, statements
from calsync.store.connection import fetch
from calsync.store.failures import understood

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync.store.connection import Connection, Database
    from calsync.sync.choices import Decision


class StoredDecisions:
    """Needs no lease: what is put while a run goes on counts from the next one on."""

    def __init__(self, writer: Connection, reader: Connection) -> None:
        self._writer = writer
        self._reader = reader

    async def put(self, account: str, decisions: Sequence[Decision]) -> Sequence[Decision]:
        """Take over decisions in one transaction, and return those that count.

        Not about what is held no more, or anew; nor where the same case was decided before; nor while the account
        is rebuilt.
        """
        return await self._writer.write(partial(_put, account, decisions), account)

    async def of(self, account: str) -> Sequence[Decision]:
        """Return what was decided, and is not carried out yet."""
        found = await self._reader.read(
            lambda database: fetch(database, statements.DECISIONS, {"account": account})
        )
        with understood(self._reader.place):
            return [rows.decision(row) for row in found]


def _put(account: str, decisions: Sequence[Decision], database: Database) -> list[Decision]:
    return [
        decision
        for decision in decisions
        if database.execute(statements.DECIDE, {"account": account, **rows.decision_row(decision)}).rowcount
    ]
