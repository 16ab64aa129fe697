"""When accounts are due, and what came of the turns that other processes have carried out."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from calsync.store import codec
from calsync.store.connection import fetch
from calsync.store.failures import understood
from calsync.store.statements import put

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from calsync.store.connection import Connection, Database, Found

KEPT = "SELECT account, due, answer FROM turn WHERE due IS NOT NULL"
PUT_DUE = put("turn", ("account",), ("due",))
PUT_ANSWER = """
INSERT INTO turn (account, job, answer) VALUES (:account, :job, :answer)
ON CONFLICT (account) DO UPDATE SET job = :job, answer = :answer
"""
ANSWERS = "SELECT job, answer FROM turn WHERE job IN (SELECT value FROM json_each(:jobs))"


class StoredTurns:
    """Reached as `SqlStore.turns`. Errors are StoreError."""

    def __init__(self, writer: Connection, reader: Connection) -> None:
        self._writer = writer
        self._reader = reader

    async def kept(self) -> Mapping[str, tuple[datetime, str | None]]:
        """Return when each account is due, as far as that is known, and its last answer."""
        found = await self._read(KEPT, {})
        with understood(self._reader.place):
            return {row["account"]: (codec.instant(row["due"]), row["answer"]) for row in found}

    async def put_due(self, due: Mapping[str, datetime]) -> None:
        rows = [{"account": account, "due": codec.instant_text(at)} for account, at in sorted(due.items())]

        def work(database: Database) -> None:
            for statement, values in PUT_DUE.of(rows):
                database.execute(statement, values)

        await self._writer.write(work)

    async def answer(self, account: str, job: str, answer: str) -> None:
        """Keep what came of an account's job. It takes the place of what came of the one before."""
        values = {"account": account, "job": job, "answer": answer}
        await self._writer.call(lambda database: database.execute(PUT_ANSWER, values))

    async def answers(self, jobs: Collection[str]) -> Mapping[str, str]:
        """Return what came of these jobs, as far as that is there."""
        found = await self._read(ANSWERS, {"jobs": json.dumps([*jobs])})
        return {row["job"]: row["answer"] for row in found}

    async def _read(self, statement: str, values: Mapping[str, Any]) -> list[Found]:
        return await self._reader.call(partial(fetch, sql=statement, values=values))
