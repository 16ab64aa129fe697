"""What is read of one appointment. Each statement finds its rows by an index, however much else is there."""

from __future__ import annotations

from calsync.store.showing_statements import asked

LINK = """
SELECT * FROM link WHERE account = :account AND left_id = :event
UNION SELECT * FROM link WHERE account = :account AND right_id = :event
"""
SEEN = """
SELECT seen.* FROM json_each(:wanted) AS wanted
CROSS JOIN seen ON seen.account = :account AND seen.side = json_extract(wanted.value, '$[0]')
    AND seen.event_id = json_extract(wanted.value, '$[1]')
"""
SIDES_OF_EVENT = """
SELECT 'left' AS side FROM seen WHERE account = :account AND side = 'left' AND event_id = :event
UNION SELECT 'left' FROM link WHERE account = :account AND left_id = :event
UNION SELECT 'right' FROM seen WHERE account = :account AND side = 'right' AND event_id = :event
UNION SELECT 'right' FROM link WHERE account = :account AND right_id = :event
"""
# What is not remembered any more, the ledger may know still.
SIDES_IN_LEDGER = """
SELECT side FROM ledger WHERE account = :account AND event_id = :event
UNION SELECT CASE side WHEN 'left' THEN 'right' ELSE 'left' END FROM ledger
WHERE account = :account AND source_id = :event
"""
# What pages call left out (calsync.store.showing_statements.LEFT_OUT), of these events alone.
LEFT_OUT = f"""
WITH wanted AS (SELECT value AS event_id FROM json_each(:events))
SELECT unsynced.side, unsynced.event_id, NULL AS other_id, kind, reason, since, rule FROM wanted
CROSS JOIN json_each('["left", "right"]') AS sides
CROSS JOIN unsynced ON unsynced.account = :account AND unsynced.side = sides.value
    AND unsynced.event_id = wanted.event_id
UNION ALL
SELECT hold.side, hold.event_id, NULL,
    CASE WHEN decision.at IS NULL THEN 'hold:' ELSE 'decided:' END || hold.kind, hold.reason, hold.since,
    hold.rule
FROM wanted CROSS JOIN json_each('["left", "right"]') AS sides
CROSS JOIN hold ON hold.account = :account AND hold.side = sides.value AND hold.event_id = wanted.event_id
LEFT JOIN decision ON decision.account = hold.account AND decision.side = hold.side
    AND decision.event_id = hold.event_id AND decision.kind = hold.kind AND decision.reason = hold.reason
    AND decision.since = hold.since
WHERE {asked()}
UNION ALL
SELECT attempt.side, attempt.event_id, NULL, 'attempt:' || failures, error, NULL, NULL FROM wanted
CROSS JOIN json_each('["left", "right"]') AS sides
CROSS JOIN attempt ON attempt.account = :account AND attempt.side = sides.value
    AND attempt.event_id = wanted.event_id
"""  # noqa: S608 - from there
DECISIONS = """
SELECT decision.* FROM json_each(:events) AS wanted CROSS JOIN json_each('["left", "right"]') AS sides
CROSS JOIN decision ON decision.account = :account AND decision.side = sides.value
    AND decision.event_id = wanted.value
"""
ATTEMPTS = """
SELECT attempt.* FROM json_each(:events) AS wanted CROSS JOIN json_each('["left", "right"]') AS sides
CROSS JOIN attempt ON attempt.account = :account AND attempt.side = sides.value AND attempt.event_id = wanted.value
"""
# There are no more of these than what a run has under way.
INTENTS = "SELECT * FROM intent WHERE account = :account ORDER BY begun, marker"
HANGS = "SELECT * FROM hang WHERE account = :account"
SIDES = "SELECT * FROM side WHERE account = :account"
LINKS_IN_LEDGER = """
SELECT ledger.link FROM json_each(:events) AS wanted
CROSS JOIN ledger ON ledger.account = :account AND ledger.event_id = wanted.value
WHERE ledger.link IS NOT NULL
UNION
SELECT ledger.link FROM json_each(:events) AS wanted
CROSS JOIN ledger ON ledger.account = :account AND ledger.source_id = wanted.value
WHERE ledger.link IS NOT NULL
"""
# The newest of them, if there are very many.
LEDGER = """
WITH wanted AS (
    SELECT ledger.id FROM json_each(:links) AS links
    CROSS JOIN ledger ON ledger.account = :account AND ledger.link = CAST(links.value AS BIGINT)
    UNION
    SELECT ledger.id FROM json_each(:events) AS events
    CROSS JOIN ledger ON ledger.account = :account AND ledger.event_id = events.value
    ORDER BY 1 DESC LIMIT :most
)
SELECT ledger.*, link.left_id, link.right_id FROM wanted
CROSS JOIN ledger ON ledger.id = wanted.id
LEFT JOIN link ON link.account = ledger.account AND link.id = ledger.link
ORDER BY ledger.id
"""
# A run that wrote something left a row of its own, or one in the ledger.
RUNS = """
SELECT CAST(wanted.value AS BIGINT) AS number, coalesce(
    (SELECT began FROM run WHERE run.account = :account AND run.number = CAST(wanted.value AS BIGINT) LIMIT 1),
    (SELECT at FROM ledger
        WHERE ledger.account = :account AND ledger.run = CAST(wanted.value AS BIGINT) ORDER BY ledger.id LIMIT 1)
) AS at
FROM json_each(:runs) AS wanted
"""
# Of one account: whatever the subjects are, thousands of rows at most.
SUBJECTS = """
SELECT seen.side, event_id, json_extract(observation, '$.event.summary') AS summary, link.id AS link
FROM seen LEFT JOIN link ON link.account = seen.account AND link.left_id = event_id
WHERE seen.account = :account AND seen.side = 'left'
UNION ALL
SELECT seen.side, event_id, json_extract(observation, '$.event.summary'), link.id
FROM seen LEFT JOIN link ON link.account = seen.account AND link.right_id = event_id
WHERE seen.account = :account AND seen.side = 'right'
"""
