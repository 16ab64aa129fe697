"""All that one store remembers, taken over by an empty other one, whichever databases they have.

What lies beside a store (calsync.store.runs, calsync.store.images, the persons' tokens) is no part of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.errors import StoreError
from calsync.store.connection import fetch
from calsync.store.statements import insert

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.store.connection import Database

ACCOUNTS = "SELECT name FROM account ORDER BY name"
ACCOUNT = "SELECT * FROM account WHERE name = :account"
OF_ACCOUNT = ("side", "seen", "link", "intent", "attempt", "hold", "decision", "tombstone", "hang", "unsynced")
"""What belongs to one account, in no order."""
NUMBERED_OF_ACCOUNT = ("ledger", "run")
"""What belongs to one account, in the order of its numbers."""
OTHERS = ("person", "invitation", "session", "api_token", "ownership", "assignment", "audit", "turn")
"""What is small by nature, or belongs to no account; what others refer to comes first."""
DEPARTED = ("DELETE FROM departed", "departed")
"""The one row that also an empty store has."""


def copy(source: Database, target: Database, place: str) -> Mapping[str, int]:
    """Write everything of `source` into `target`, and return how many rows that were, by table.

    Both are of the newest migration, and each is in a transaction of the caller's. An account is held in memory at
    a time. `place` names the target. Raises StoreError where anything is there already.
    """
    expect_empty(target, place)
    counts = dict.fromkeys(("account", *OF_ACCOUNT, *NUMBERED_OF_ACCOUNT, *OTHERS), 0)

    def take(table: str, sql: str, values: Mapping[str, Any]) -> None:
        found = fetch(source, sql, values)
        if found:
            for statement, row in insert(table, found[0].keys()).of(found):
                target.execute(statement, row)
            counts[table] = counts.get(table, 0) + len(found)

    for (account,) in fetch(source, ACCOUNTS, {}):
        values = {"account": account}
        take("account", ACCOUNT, values)
        for table in OF_ACCOUNT:
            take(table, f"SELECT * FROM {table} WHERE account = :account", values)  # noqa: S608 - from above
        for table in NUMBERED_OF_ACCOUNT:
            take(table, f"SELECT * FROM {table} WHERE account = :account ORDER BY id", values)  # noqa: S608 - as above
    for table in OTHERS:
        take(table, f"SELECT * FROM {table}", {})  # noqa: S608 - as above
    emptied, departed = DEPARTED
    target.execute(emptied)
    take(departed, f"SELECT * FROM {departed}", {})  # noqa: S608 - as above
    return counts


def expect_empty(target: Database, place: str) -> None:
    """Raise StoreError where a store knows anything already."""
    for table in ("account", "person", "audit"):
        if fetch(target, f"SELECT 1 FROM {table} LIMIT 1", {}):  # noqa: S608 - from above
            raise StoreError(f"store {place}: something is in it already; name an empty one")
