"""An account, read whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.records import AccountState, Rest, SideState
from calsync.store import codec, rows, statements
from calsync.store.connection import fetch
from calsync.sync.budget import BEFORE_THE_HOUR, Spent
from calsync.sync.model import Side

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from calsync.store.connection import Database, Found
    from calsync.sync.view import Seen


def read_account(account: str, lately: datetime, database: Database) -> AccountState:
    """Read the account inside the caller's transaction, so that all of it is of one moment."""
    values = {"account": account, "since": codec.instant_text(lately)}

    def found(statement: str) -> Sequence[Found]:
        return fetch(database, statement, values)

    run = found(statements.RUN)
    sides = _sides(account, database)
    deletes = {Side(row["side"]): int(row["deletes"]) for row in found(statements.DELETES)}
    links = [rows.link(row) for row in found(statements.LINKS)]
    intents = [rows.intent(row) for row in found(statements.INTENTS)]
    (last_link,) = found(statements.LAST_LINK)
    began = found(statements.BEGUN)
    begun = began[0]["run"] if began else None
    since_hour = codec.instant_text(lately + BEFORE_THE_HOUR)
    (spent,) = fetch(database, statements.SPENT, {**values, "hour": since_hour, "begun": begun})
    attempts = [rows.attempt(row) for row in found(statements.ATTEMPTS)]
    holds = [rows.held(row) for row in found(statements.HOLDS)]
    tombstones = [rows.tombstone(row) for row in found(statements.TOMBSTONES)]
    decisions = [rows.decision(row) for row in found(statements.DECISIONS)]
    hangs = [rows.hang(row) for row in found(statements.HANGS)]
    return AccountState(
        run=run[0]["run"] if run else 0,
        sides=sides,
        seen=_seen(found(statements.SEEN)),
        links={link.id: link for link in links},
        intents={intent.marker: intent for intent in intents},
        attempts={(attempt.side, attempt.event_id): attempt for attempt in attempts},
        holds={held.key: held for held in holds},
        tombstones={(tombstone.side, tombstone.event_id): tombstone for tombstone in tombstones},
        deleted_lately={side: deletes.get(side, 0) for side in Side},
        last_link=last_link["last"],
        begun=begun,
        spent=Spent(hour=spent["hour"], day=spent["day"]),
        rebuild=run[0]["rebuild"] if run else None,
        rules=run[0]["rules"] if run else None,
        was_read=bool(run and run[0]["good_at"]),
        hangs=hangs,
        decisions={decision.key: decision for decision in decisions},
    )


def read_rest(account: str, database: Database) -> Rest | None:
    """Read what an account at rest is known by, inside the caller's transaction; None for any other."""
    found = fetch(database, statements.REST, {"account": account})
    if not found:
        return None
    return Rest(terms=found[0]["rest"], run=found[0]["run"], sides=_sides(account, database))


def _sides(account: str, database: Database) -> dict[Side, SideState]:
    found = fetch(database, statements.SIDES, {"account": account})
    known = {rows.SIDES[row["side"]]: rows.side_state(row) for row in found}
    return {side: known.get(side) or SideState() for side in Side}


def _seen(found: Sequence[Found]) -> dict[Side, dict[str, Seen]]:
    seen: dict[Side, dict[str, Seen]] = {side: {} for side in Side}
    for row in found:
        seen[rows.SIDES[row["side"]]][row["event_id"]] = rows.seen(row)
    return seen
