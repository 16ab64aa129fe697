"""The statements about the history of runs, as calsync.store.statements has those about accounts."""

from __future__ import annotations

from calsync.store.statements import drop, insert

COUNTS = ("created", "updated", "deleted", "linked", "failed")
ADD_RUN = insert(
    "run",
    (
        "account",
        "number",
        "began",
        "ended",
        *(f"{side}_{count}" for side in ("left", "right") for count in COUNTS),
        "error_class",
        "error",
    ),
)
EXPIRE_RUNS = "DELETE FROM run WHERE account = :account AND began < :before"
CROP_RUNS = """
DELETE FROM run WHERE account = :account AND id <= (
    SELECT id FROM run WHERE account = :account ORDER BY id DESC LIMIT 1 OFFSET :most
)
"""
RUNS = "SELECT * FROM run WHERE account = :account ORDER BY id DESC LIMIT :last"
WRITES = """
SELECT * FROM run
WHERE account = :account
    AND left_created + left_updated + left_deleted + right_created + right_updated + right_deleted > 0
ORDER BY id DESC LIMIT :last
"""

UNSYNCED = "SELECT side, event_id, kind, reason, since, rule FROM unsynced WHERE account = :account"
ADD_UNSYNCED = insert("unsynced", ("account", "side", "event_id", "kind", "reason", "since", "rule"))
DROP_UNSYNCED = drop("unsynced", "account", "side", "event_id")
