"""An account, read whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.records import AccountState, SideState
from calsync.store import codec, rows, statements
from calsync.sync.model import Side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from calsync.store.connection import Connection
    from calsync.sync.view import Seen


async def read_account(connection: Connection, account: str, lately: datetime) -> AccountState:
    """Read the account inside the caller's transaction, so that all of it is of one moment."""

    async def fetch(statement: str) -> Sequence[Mapping[str, Any]]:
        return await connection.fetch(statement, {"account": account, "since": codec.instant_text(lately)})

    run = await fetch(statements.RUN)
    sides = {Side(row["side"]): rows.side_state(row) for row in await fetch(statements.SIDES)}
    deletes = {Side(row["side"]): int(row["deletes"]) for row in await fetch(statements.DELETES)}
    links = [rows.link(row) for row in await fetch(statements.LINKS)]
    intents = [rows.intent(row) for row in await fetch(statements.INTENTS)]
    attempts = [rows.attempt(row) for row in await fetch(statements.ATTEMPTS)]
    holds = [rows.held(row) for row in await fetch(statements.HOLDS)]
    tombstones = [rows.tombstone(row) for row in await fetch(statements.TOMBSTONES)]
    hangs = [rows.hang(row) for row in await fetch(statements.HANGS)]
    return AccountState(
        run=run[0]["run"] if run else 0,
        sides={side: sides.get(side, SideState()) for side in Side},
        seen=_seen(await fetch(statements.SEEN)),
        links={link.id: link for link in links},
        intents={intent.marker: intent for intent in intents},
        attempts={(attempt.side, attempt.event_id): attempt for attempt in attempts},
        holds={(held.side, held.event_id, held.kind): held for held in holds},
        tombstones={(tombstone.side, tombstone.event_id): tombstone for tombstone in tombstones},
        deleted_lately={side: deletes.get(side, 0) for side in Side},
        rebuild=run[0]["rebuild"] if run else None,
        hangs=hangs,
    )


def _seen(found: Sequence[Mapping[str, Any]]) -> dict[Side, dict[str, Seen]]:
    seen: dict[Side, dict[str, Seen]] = {side: {} for side in Side}
    for row in found:
        seen[rows.SIDES[row["side"]]][row["event_id"]] = rows.seen(row)
    return seen
