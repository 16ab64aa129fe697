"""Every statement besides the schema, with named parameters. SQLite and PostgreSQL both understand them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def _insert(table: str, columns: Sequence[str]) -> str:
    names, places = ", ".join(columns), ", ".join(f":{column}" for column in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({places})"  # noqa: S608 - both come from this module


def _put(table: str, key: Sequence[str], columns: Sequence[str]) -> str:
    """Insert a row, or replace the one with the same key."""
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns)
    return f"{_insert(table, [*key, *columns])} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}"


NEW_ACCOUNT = "INSERT INTO account (name) VALUES (:account) ON CONFLICT (name) DO NOTHING"
ACQUIRE = """
UPDATE account SET holder = :holder, fence = fence + 1, until = :until
WHERE name = :account AND (holder IS NULL OR holder = :holder OR until <= :now)
"""
FENCE = "SELECT fence FROM account WHERE name = :account AND holder = :holder"
RENEW = "UPDATE account SET until = :until WHERE name = :account AND holder = :holder AND fence = :fence"
RELEASE = """
UPDATE account SET holder = NULL, until = NULL WHERE name = :account AND holder = :holder AND fence = :fence
"""
HOLDERS = "SELECT DISTINCT holder FROM account WHERE holder IS NOT NULL ORDER BY holder"
LEASES = "SELECT name AS account, holder, fence, until FROM account WHERE holder IS NOT NULL ORDER BY name"
EXPIRE = "UPDATE account SET holder = NULL, until = NULL WHERE holder = :holder"

BEGIN_RUN = "UPDATE account SET run = :run WHERE name = :account"
RUN = "SELECT run, rebuild FROM account WHERE name = :account"
SET_REBUILD = "UPDATE account SET rebuild = :rebuild WHERE name = :account"
# A side without a token is listed in full.
RESTORED = (
    "UPDATE account SET rebuild = 'restored', holder = NULL, until = NULL",
    "UPDATE side SET token = NULL, listed_at = NULL",
)

PUT_SIDE = _put(
    "side",
    ("account", "side"),
    ("token", "window_start", "window_end", "round", "listed_run", "listed_at", "mapping_version"),
)
SIDES = "SELECT * FROM side WHERE account = :account"

PUT_SEEN = _put(
    "seen",
    ("account", "side", "event_id"),
    ("observation", "first_run", "round", "standing", "standing_run"),
)
DROP_SEEN = "DELETE FROM seen WHERE account = :account AND side = :side AND event_id = :event_id"
SEEN = "SELECT * FROM seen WHERE account = :account"

# Deleted and inserted, not updated in place: two links of one batch may exchange an event id.
DROP_LINK = "DELETE FROM link WHERE account = :account AND id = :id"
ADD_LINK = _insert(
    "link",
    ("account", "id", "left_id", "right_id", "state", "reason", "origin", "left_base", "right_base"),
)
LINKS = "SELECT * FROM link WHERE account = :account ORDER BY id"

PUT_INTENT = _put(
    "intent",
    ("account", "marker"),
    (
        "kind",
        "side",
        "reason",
        "link",
        "source_id",
        "source",
        "target",
        "draft",
        "changes",
        "run",
        "begun",
        "looks",
    ),
)
DROP_INTENT = "DELETE FROM intent WHERE account = :account AND marker = :marker"
INTENTS = "SELECT * FROM intent WHERE account = :account ORDER BY begun, marker"

PUT_ATTEMPT = _put("attempt", ("account", "side", "event_id"), ("failures", "due", "error"))
DROP_ATTEMPT = "DELETE FROM attempt WHERE account = :account AND side = :side AND event_id = :event_id"
ATTEMPTS = "SELECT * FROM attempt WHERE account = :account"

ADD_HOLD = _insert("hold", ("account", "side", "event_id", "kind", "reason", "since"))
DROP_HOLDS = "DELETE FROM hold WHERE account = :account"
HOLDS = "SELECT * FROM hold WHERE account = :account"

PUT_TOMBSTONE = _put("tombstone", ("account", "side", "event_id"), ("revision", "at"))
DROP_TOMBSTONE = "DELETE FROM tombstone WHERE account = :account AND side = :side AND event_id = :event_id"
TOMBSTONES = "SELECT * FROM tombstone WHERE account = :account"

PUT_HANG = _put("hang", ("account", "left_id", "right_id"), ("left_revision", "right_revision", "rule", "version"))
DROP_HANG = "DELETE FROM hang WHERE account = :account AND left_id = :left_id AND right_id = :right_id"
HANGS = "SELECT * FROM hang WHERE account = :account ORDER BY left_id, right_id"

ADD_LEDGER = _insert(
    "ledger",
    (
        "account",
        "run",
        "at",
        "kind",
        "side",
        "reason",
        "event_id",
        "source_id",
        "link",
        "before_image",
        "after_image",
    ),
)
EXPIRE_TOMBSTONES = "DELETE FROM tombstone WHERE account = :account AND at < :before"
EXPIRE_LEDGER = "DELETE FROM ledger WHERE account = :account AND at < :before"
LEDGER = "SELECT * FROM ledger WHERE account = :account ORDER BY id DESC LIMIT :last"
DELETES = """
SELECT side, count(*) AS deletes FROM ledger
WHERE account = :account AND kind = 'delete' AND at >= :since GROUP BY side
"""

# An update whose outcome stayed unknown may not have been carried out.
REPEATS = """
SELECT * FROM ledger
WHERE account = :account AND kind = 'update' AND at >= :since AND reason <> 'unknown_outcome' AND link IN (
    SELECT link FROM ledger
    WHERE account = :account AND kind = 'update' AND at >= :since
    GROUP BY link HAVING count(*) >= :times
)
UNION ALL
SELECT * FROM ledger
WHERE account = :account AND kind = 'create' AND at >= :since AND (side, source_id) IN (
    SELECT side, source_id FROM ledger
    WHERE account = :account AND kind = 'create' AND at >= :since
    GROUP BY side, source_id HAVING count(*) >= :times
)
ORDER BY id
"""
