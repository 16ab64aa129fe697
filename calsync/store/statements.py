"""Every statement besides the schema, in SQLite's words and with the placeholders of Python's sqlite3.

Each is written so that PostgreSQL understands it too, but for the few words that
calsync.store.postgresql.dialect turns.

What is written for one row names its values, as `:account`; a `Many` takes the values of many rows in their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from calsync.store.connection import Found

ROWS = 100
"""How many rows one statement takes. 32,766 values is what SQLite allows."""


@dataclass(frozen=True, slots=True)
class Many:
    """One statement for many rows: SQLite runs it at one go, while Python's other threads work."""

    before: str
    columns: tuple[str, ...]
    row: str
    """What stands for one row, with a `?` for each column."""
    between: str
    after: str = ""
    once: tuple[str, ...] = ()
    """Of rows that have these columns' values in common only the last one is taken: PostgreSQL refuses to put
    a row twice in one statement."""

    def of(self, rows: Sequence[Mapping[str, Any] | Found]) -> Iterator[tuple[str, list[Any]]]:
        """Yield statements that together take all rows, each with its values."""
        if self.once and len(rows) > 1:
            rows = list({tuple([row[column] for column in self.once]): row for row in rows}.values())
        for start in range(0, len(rows), ROWS):
            part = rows[start : start + ROWS]
            values = [row[column] for row in part for column in self.columns]
            yield f"{self.before} {self.between.join([self.row] * len(part))}{self.after}", values


def insert(table: str, columns: Sequence[str], after: str = "", once: Sequence[str] = ()) -> Many:
    row = f"({', '.join('?' * len(columns))})"
    before = f"INSERT INTO {table} ({', '.join(columns)}) VALUES"
    return Many(before, tuple(columns), row, ", ", after, tuple(once))


def put(table: str, key: Sequence[str], columns: Sequence[str]) -> Many:
    """Insert rows, or replace those with the same keys."""
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns)
    return insert(table, [*key, *columns], f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}", key)


def drop(table: str, *key: str) -> Many:
    # Not `IN (VALUES ...)`: for that SQLite reads the whole table.
    row = " AND ".join(f"{column} = ?" for column in key)
    return Many(f"DELETE FROM {table} WHERE", key, f"({row})", " OR ")  # noqa: S608 - all comes from this module


NEW_ACCOUNT = "INSERT INTO account (name) VALUES (:account) ON CONFLICT (name) DO NOTHING"
ACQUIRE = """
INSERT INTO account (name, holder, fence, until) VALUES (:account, :holder, 1, :until)
ON CONFLICT (name) DO UPDATE SET holder = :holder, fence = account.fence + 1, until = :until
WHERE account.holder IS NULL OR account.holder = :holder OR account.until <= :now
RETURNING fence
"""
FENCE = "SELECT fence FROM account WHERE name = :account AND holder = :holder"
RENEW = "UPDATE account SET until = :until WHERE name = :account AND holder = :holder AND fence = :fence"
RELEASE = """
UPDATE account SET holder = NULL, until = NULL, good_at = coalesce(:good_at, good_at)
WHERE name = :account AND holder = :holder AND fence = :fence
"""
HOLDERS = "SELECT DISTINCT holder FROM account WHERE holder IS NOT NULL ORDER BY holder"
LEASES = "SELECT name AS account, holder, fence, until FROM account WHERE holder IS NOT NULL ORDER BY name"
EXPIRE = "UPDATE account SET holder = NULL, until = NULL WHERE holder = :holder"

BEGIN_RUN = "UPDATE account SET run = :run, rest = NULL, unsettled = NULL WHERE name = :account"
SET_REST = "UPDATE account SET rest = :terms, unsettled = :unsettled WHERE name = :account"
DISTURB = "UPDATE account SET rest = NULL WHERE name = :account"
# With both sides, so that all of it is of one moment.
REST = """
SELECT run, rest, unsettled, side.* FROM account JOIN side ON side.account = name
WHERE name = :account AND rest IS NOT NULL AND holder IS NULL AND (enabled IS NULL OR enabled = 1)
"""
STAY = """
UPDATE account SET good_at = :good_at
WHERE name = :account AND rest = :terms AND run = :run AND holder IS NULL
"""
READ_ON = "UPDATE side SET token = :token WHERE account = :account AND side = :side"
# `begun` is the run of the first entry of its ledger. As a rule nothing waits: then all that might is not read.
RUN = """
SELECT run, rebuild, rules, good_at, rest, unsettled, (
    SELECT ledger.run FROM ledger WHERE ledger.account = :account ORDER BY id LIMIT 1
) AS begun,
EXISTS (SELECT 1 FROM intent WHERE intent.account = :account)
OR EXISTS (SELECT 1 FROM attempt WHERE attempt.account = :account)
OR EXISTS (SELECT 1 FROM hold WHERE hold.account = :account)
OR EXISTS (SELECT 1 FROM decision WHERE decision.account = :account)
OR EXISTS (SELECT 1 FROM hang WHERE hang.account = :account) AS waits
FROM account WHERE name = :account
"""
SET_REBUILD = "UPDATE account SET rebuild = :rebuild WHERE name = :account"
SET_RULES = "UPDATE account SET rules = :rules WHERE name = :account"
# A side without a token is listed in full. What persons had decided may be carried out since the backup was made.
RESTORED = (
    "UPDATE account SET rebuild = 'restored', rest = NULL, holder = NULL, until = NULL",
    "UPDATE side SET token = NULL, listed_at = NULL",
    "DELETE FROM decision",
)

DIRECTIONS = "SELECT name, direction FROM account WHERE direction IS NOT NULL"
SETTINGS = "SELECT name, enabled, direction, good_at FROM account ORDER BY name"
SETTING = "SELECT enabled, direction, good_at FROM account WHERE name = :account"
SET = {
    "enabled": "UPDATE account SET enabled = :value WHERE name = :account",
    "direction": "UPDATE account SET direction = :value WHERE name = :account",
}
ADD_AUDIT = """
INSERT INTO audit (at, who, account, what, before, after) VALUES (:at, :who, :account, :what, :before, :after)
"""
AUDIT = "SELECT * FROM audit ORDER BY id DESC LIMIT :last"
AUDIT_OF_ACCOUNT = "SELECT * FROM audit WHERE account = :account ORDER BY id DESC LIMIT :last"

PUT_SIDE = put(
    "side",
    ("account", "side"),
    (
        "token",
        "window_start",
        "window_end",
        "round",
        "listed_run",
        "listed_at",
        "mapping_version",
        "written",
        "calendar",
    ),
)
SIDES = "SELECT * FROM side WHERE account = :account"

PUT_SEEN = put(
    "seen",
    ("account", "side", "event_id"),
    ("observation", "first_run", "round", "standing", "standing_run"),
)
DROP_SEEN = drop("seen", "account", "side", "event_id")
SEEN = "SELECT * FROM seen WHERE account = :account"
# Of some events, each given as its side and its id, or its uid. Another order of these joins would read all that
# there is.
SEEN_OF = """
SELECT seen.* FROM json_each(:wanted) AS wanted
CROSS JOIN seen ON seen.account = :account AND seen.side = json_extract(wanted.value, '$[0]')
    AND seen.event_id = json_extract(wanted.value, '$[1]')
"""
SEEN_OF_UID = """
SELECT seen.* FROM json_each(:wanted) AS wanted
CROSS JOIN seen ON seen.account = :account AND seen.side = json_extract(wanted.value, '$[0]')
    AND substr(
        CASE WHEN json_valid(seen.observation) THEN json_extract(seen.observation, '$.event.uid') END, 1, 200
    ) = substr(json_extract(wanted.value, '$[1]'), 1, 200)
"""

# Deleted and inserted, not updated in place: two links of one batch may exchange an event id.
DROP_LINK = drop("link", "account", "id")
ADD_LINK = insert(
    "link",
    ("account", "id", "left_id", "right_id", "state", "reason", "origin", "left_base", "right_base"),
)
LINKS = "SELECT * FROM link WHERE account = :account ORDER BY id"
LINKS_OF = """
SELECT link.* FROM json_each(:wanted) AS wanted
CROSS JOIN link ON link.account = :account AND left_id = json_extract(wanted.value, '$[1]')
WHERE json_extract(wanted.value, '$[0]') = 'left'
UNION ALL
SELECT link.* FROM json_each(:wanted) AS wanted
CROSS JOIN link ON link.account = :account AND right_id = json_extract(wanted.value, '$[1]')
WHERE json_extract(wanted.value, '$[0]') = 'right'
"""
AWAKE = "SELECT count(*) AS links FROM link WHERE account = :account AND state = 'awake'"

PUT_INTENT = put(
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
        "undoes",
        "begun",
        "looks",
    ),
)
DROP_INTENT = drop("intent", "account", "marker")
INTENTS = "SELECT * FROM intent WHERE account = :account ORDER BY begun, marker"

PUT_ATTEMPT = put("attempt", ("account", "side", "event_id"), ("failures", "due", "error"))
DROP_ATTEMPT = drop("attempt", "account", "side", "event_id")
ATTEMPTS = "SELECT * FROM attempt WHERE account = :account"

PUT_HOLD = put("hold", ("account", "side", "event_id", "kind", "reason"), ("since", "rule"))
# What a person has decided while a run went on, the next one has to hear of.
DROP_HOLDS = """
DELETE FROM hold WHERE account = :account AND NOT EXISTS (
    SELECT 1 FROM decision WHERE decision.account = hold.account AND decision.side = hold.side
        AND decision.event_id = hold.event_id AND decision.kind = hold.kind AND decision.reason = hold.reason
        AND decision.since = hold.since
)
"""
HOLDS = "SELECT * FROM hold WHERE account = :account"

# Only about what is held since then, and the first word about it stands: a run may be carrying it out already.
DECIDE = """
INSERT INTO decision (account, side, event_id, kind, reason, choice, partner, fingerprint, since, at)
SELECT account, side, event_id, kind, reason, :choice, :partner, :fingerprint, since, :at FROM hold
WHERE account = :account AND side = :side AND event_id = :event_id AND kind = :kind AND reason = :reason
    AND since = :since AND EXISTS (SELECT 1 FROM account WHERE name = :account AND rebuild IS NULL)
ON CONFLICT (account, side, event_id, kind, reason) DO UPDATE
SET choice = excluded.choice, partner = excluded.partner, fingerprint = excluded.fingerprint,
    since = excluded.since, at = excluded.at
WHERE decision.fingerprint <> excluded.fingerprint OR decision.since <> excluded.since
"""
DECISIONS = "SELECT * FROM decision WHERE account = :account"
DROP_DECISION = drop("decision", "account", "side", "event_id", "kind", "reason", "at")
DROP_DECISIONS = "DELETE FROM decision WHERE account = :account"

PUT_TOMBSTONE = put("tombstone", ("account", "side", "event_id"), ("revision", "at"))
DROP_TOMBSTONE = drop("tombstone", "account", "side", "event_id")
TOMBSTONES = "SELECT * FROM tombstone WHERE account = :account"
TOMBSTONES_OF = """
SELECT tombstone.* FROM json_each(:wanted) AS wanted
CROSS JOIN tombstone ON tombstone.account = :account AND tombstone.side = json_extract(wanted.value, '$[0]')
    AND tombstone.event_id = json_extract(wanted.value, '$[1]')
"""

PUT_HANG = put(
    "hang",
    ("account", "left_id", "right_id"),
    ("left_revision", "right_revision", "rule", "version", "earlier", "noted_run"),
)
# Not what was noted about the same events meanwhile.
DROP_HANG = drop("hang", "account", "left_id", "right_id", "noted_run")
HANG_ABOUT = "SELECT * FROM hang WHERE account = :account AND left_id = :left_id AND right_id = :right_id"
LAST_RUN = "SELECT run FROM account WHERE name = :account"
HANGS = "SELECT * FROM hang WHERE account = :account ORDER BY left_id, right_id"

ADD_LEDGER = insert(
    "ledger",
    (
        "account",
        "run",
        "at",
        "kind",
        "side",
        "reason",
        "undoes",
        "event_id",
        "source_id",
        "link",
        "uid",
        "source_uid",
        "private",
        "attendees",
        "before_image",
        "after_image",
    ),
)
# In the transaction of the writes themselves: what the ledger forgets stays counted.
PREVENTED = "UPDATE account SET mails_prevented = mails_prevented + :mails WHERE name = :account"
EXPIRE_TOMBSTONES = "DELETE FROM tombstone WHERE account = :account AND at < :before"
EXPIRE_LEDGER = "DELETE FROM ledger WHERE account = :account AND at < :before"
# Of all accounts: each one's first entry is its oldest, so this finds at once that nothing is to be done.
FORGET_LEDGER = """
DELETE FROM ledger WHERE at < :before AND account IN (
    SELECT name FROM account WHERE :before > (
        SELECT oldest.at FROM ledger AS oldest WHERE oldest.account = account.name ORDER BY oldest.id LIMIT 1
    )
)
"""
LEDGER = "SELECT * FROM ledger WHERE account = :account ORDER BY id DESC LIMIT :last"
DELETES = """
SELECT side, count(*) AS deletes FROM ledger
WHERE account = :account AND kind = 'delete' AND at >= :since AND reason NOT IN ('released', 'undone', 'leaving')
GROUP BY side
"""
LAST_LINK = """
SELECT coalesce(max(number), 0) AS last FROM (
    SELECT max(link) AS number FROM ledger WHERE account = :account
    UNION ALL SELECT max(id) FROM link WHERE account = :account
) AS numbers
"""
# As calsync.sync.budget counts; one part for each kind, as each has an index of its own. The side is named by a
# value: by `<>` each create would read all that is seen of the account.
SPENT = """
WITH written AS (
    SELECT at, reason FROM ledger WHERE account = :account AND kind = 'delete' AND at >= :since
    UNION ALL
    SELECT at, reason FROM ledger WHERE account = :account AND kind = 'update' AND at >= :since
    UNION ALL
    SELECT at, reason FROM ledger WHERE account = :account AND kind = 'create' AND at >= :since AND NOT EXISTS (
        SELECT 1 FROM seen
        WHERE seen.account = ledger.account AND seen.event_id = ledger.source_id AND seen.first_run <= :begun
        AND seen.side = CASE ledger.side WHEN 'left' THEN 'right' ELSE 'left' END
    )
)
SELECT count(*) AS day, count(*) FILTER (WHERE at >= :hour) AS hour FROM written
WHERE reason NOT IN ('released', 'undone', 'leaving', 'decided', 'unknown_outcome')
"""

ACCOUNTS_OF = """
SELECT DISTINCT account FROM ledger WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each(:ids))
ORDER BY account
"""
# What is not known to have been carried out cannot be undone; it may have touched what is to be.
WRITES = """
WITH wanted AS (
    SELECT id, link FROM ledger
    WHERE account = :account AND kind IN ('create', 'update', 'delete') AND reason <> 'unknown_outcome'
    AND (id IN (SELECT CAST(value AS BIGINT) FROM json_each(:ids)) OR run = :run OR at >= :since)
)
SELECT *, id IN (SELECT id FROM wanted) AS chosen FROM ledger
WHERE account = :account AND kind IN ('create', 'update', 'delete')
AND (link IN (SELECT link FROM wanted) OR undoes IN (SELECT id FROM wanted))
ORDER BY id
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
