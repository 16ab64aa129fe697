"""The history of runs."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from calsync.history import MAILS, History, RunRecord, Tally, Unsynced
from calsync.store import codec, statements
from calsync.store import history_statements as sql
from calsync.store.connection import fetch
from calsync.store.failures import understood
from calsync.sync.model import BOTH, Side
from calsync.sync.plan import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from calsync.store.connection import Connection, Database, Found
    from calsync.store.statements import Many

KEPT_FOR = timedelta(days=90)
MOST = 500
"""So many runs of an account are kept."""


class StoredHistory(History):
    """Reached as `SqlStore.history`."""

    def __init__(self, writer: Connection, reader: Connection) -> None:
        self._writer = writer
        self._reader = reader

    async def last(self, account: str) -> RunRecord | None:
        found = await self.of(account, 1)
        return found[0] if found else None

    async def of(self, account: str, last: int) -> Sequence[RunRecord]:
        """Return the last runs, the newest first."""
        return await self._read(sql.RUNS, account, last)

    async def last_writes(self, account: str, last: int) -> Sequence[RunRecord]:
        """Return the last runs that wrote something, the newest first."""
        return await self._read(sql.WRITES, account, last)

    async def add(self, account: str, record: RunRecord) -> None:
        row = {"account": account, **_row(record)}
        oldest = codec.instant_text(record.began - KEPT_FOR)

        def work(database: Database) -> None:
            database.execute(statements.NEW_ACCOUNT, row)
            _execute(database, sql.ADD_RUN, [row])
            database.execute(sql.EXPIRE_RUNS, {"account": account, "before": oldest})
            database.execute(sql.CROP_RUNS, {"account": account, "most": MOST})

        await self._writer.write(work, account)

    async def put_unsynced(
        self,
        account: str,
        found: Mapping[tuple[Side, str], Unsynced],
        now: datetime,
        among: AbstractSet[tuple[Side, str]] | None = None,
    ) -> None:
        wanted = {(side.value, event_id): why for (side, event_id), why in found.items()}
        await self._writer.write(partial(_put_unsynced, account, wanted, now, among), account)

    async def _read(self, statement: str, account: str, last: int) -> Sequence[RunRecord]:
        wanted = {"account": account, "last": last}
        found = await self._reader.read(lambda database: fetch(database, statement, wanted))
        with understood(self._reader.place):
            return [run_record(row) for row in found]


def run_record(row: Found) -> RunRecord:
    return RunRecord(
        number=row["number"],
        began=codec.instant(row["began"]),
        ended=codec.instant(row["ended"]),
        sides={side: Tally(**{name: row[f"{side}_{name}"] for name in sql.COUNTS}) for side in BOTH},
        error_class=row["error_class"],
        error=row["error"],
    )


def _row(record: RunRecord) -> dict[str, Any]:
    return {
        "number": record.number,
        "began": codec.instant_text(record.began),
        "ended": codec.instant_text(record.ended),
        **{f"{side}_{name}": getattr(record.sides[side], name) for side in BOTH for name in sql.COUNTS},
        "error_class": record.error_class,
        "error": record.error,
    }


def _put_unsynced(
    account: str,
    wanted: Mapping[tuple[str, str], Unsynced],
    now: datetime,
    among: AbstractSet[tuple[Side, str]] | None,
    database: Database,
) -> None:
    rows = fetch(database, sql.UNSYNCED, {"account": account})
    rows = [row for row in rows if among is None or (row["side"], row["event_id"]) in among]
    known = {
        (row["side"], row["event_id"]): Unsynced(Kind(row["kind"]), row["reason"], row["rule"]) for row in rows
    }
    since = {(row["side"], row["event_id"]): row["since"] for row in rows}
    over = [key for key, why in known.items() if wanted.get(key) != why]
    changed = {key: why for key, why in wanted.items() if known.get(key) != why}
    new = [key for key, why in changed.items() if key not in known or known[key][:2] != why[:2]]
    if changed:
        database.execute(statements.NEW_ACCOUNT, {"account": account})
    _execute(
        database,
        sql.DROP_UNSYNCED,
        [{"account": account, "side": side, "event_id": event_id} for side, event_id in over],
    )
    since |= dict.fromkeys(new, codec.instant_text(now))
    _execute(
        database,
        sql.ADD_UNSYNCED,
        [
            {
                "account": account,
                "side": side,
                "event_id": event_id,
                "kind": why.kind.value,
                "reason": why.reason,
                "rule": why.rule,
                "since": since[side, event_id],
            }
            for (side, event_id), why in changed.items()
        ],
    )
    if mails := sum(wanted[key].kind is Kind.BLOCK and wanted[key].reason in MAILS for key in new):
        database.execute(statements.PREVENTED, {"account": account, "mails": mails})


def _execute(database: Database, many: Many, rows: Sequence[Mapping[str, Any]]) -> None:
    for statement, values in many.of(rows):
        database.execute(statement, values)
