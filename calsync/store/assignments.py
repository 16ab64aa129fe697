"""Whom somebody is in the system whose people are listed, and whose a calendar is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from calsync.store.connection import fetch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.store.connection import Connection, Database, Found


OF = "SELECT member FROM assignment WHERE person = :person"
ALL = "SELECT person, member FROM assignment"
TAKE = "DELETE FROM assignment WHERE person = :person OR member = :member"
PUT = "INSERT INTO assignment (person, member) VALUES (:person, :member)"
HOLDER = "SELECT account FROM side WHERE calendar = :calendar AND account <> :account"


class StoredAssignments:
    """Reached as `SqlStore.assignments`. Errors are StoreError."""

    def __init__(self, writer: Connection, reader: Connection) -> None:
        self._writer = writer
        self._reader = reader

    async def of(self, person: int) -> str | None:
        found = await self._read(OF, {"person": person})
        return found[0]["member"] if found else None

    async def all(self) -> Mapping[int, str]:
        return {row["person"]: row["member"] for row in await self._read(ALL, {})}

    async def assign(self, person: int, member: str | None) -> None:
        """Say whom somebody is, who was perhaps said to be another one before; None: nobody."""

        def work(database: Database) -> None:
            values = {"person": person, "member": member}
            database.execute(TAKE, values)
            if member is not None:
                database.execute(PUT, values)

        await self._writer.write(work)

    async def holder(self, calendar: str, besides: str) -> str | None:
        """Return another account than `besides` that remembers a calendar by this key."""
        found = await self._read(HOLDER, {"calendar": calendar, "account": besides})
        return found[0]["account"] if found else None

    async def _read(self, statement: str, values: Mapping[str, Any]) -> list[Found]:
        return await self._reader.call(partial(fetch, sql=statement, values=values))
