"""What pages read. No statement reads more than one account's rows, but for tables that are small by nature."""

from __future__ import annotations


def asked() -> str:
    """Return the condition under which a row of `hold` is a question of its own.

    It is the one of calsync.sync.ruled.is_asked_already.
    """
    return """NOT (hold.reason = 'rules' AND EXISTS (
    SELECT 1 FROM hold AS twin WHERE twin.account = hold.account AND twin.side = hold.side
        AND twin.event_id = hold.event_id AND twin.kind = hold.kind AND twin.reason = 'ambiguous'
))"""


# Of the accounts that are asked for, with the last run of each.
STANDINGS = """
SELECT account.name, enabled, good_at, until, began, error_class, error
FROM account LEFT JOIN run ON run.id = (SELECT max(id) FROM run WHERE run.account = account.name)
WHERE account.name IN (SELECT value FROM json_each(:accounts))
"""
SWITCHES = "SELECT name, enabled FROM account WHERE enabled IS NOT NULL"
REBUILDS = "SELECT name, rebuild FROM account WHERE rebuild IS NOT NULL"
UNWRITTEN = "SELECT account, side FROM side WHERE written = 0"
# What a person has decided waits for the next run, and for nobody.
_OF_HOLD = """decision.account = hold.account AND decision.side = hold.side AND decision.event_id = hold.event_id
    AND decision.kind = hold.kind AND decision.reason = hold.reason AND decision.since = hold.since"""
WAITING = f"""
SELECT account, side, kind, reason, count(*) AS events, min(since) AS since FROM hold
WHERE {asked()} AND NOT EXISTS (SELECT 1 FROM decision WHERE {_OF_HOLD})
GROUP BY account, side, kind, reason ORDER BY account, side, kind, reason
"""  # noqa: S608 - from above
BLOCKED = """
SELECT account, side, reason, count(*) AS events, min(since) AS since FROM unsynced WHERE kind = 'block'
GROUP BY account, side, reason
"""
FAILING_EVENTS = """
SELECT account, side, error, count(*) AS events FROM attempt WHERE failures >= :failures
GROUP BY account, side, error ORDER BY account, side, error
"""

# Of the accounts of one page.
LINK_COUNTS = """
SELECT account, state, count(*) AS events FROM link
WHERE account IN (SELECT value FROM json_each(:accounts)) GROUP BY account, state
"""
UNREADY_COUNTS = """
WITH waits AS (
    SELECT account, event_id FROM hold WHERE account IN (SELECT value FROM json_each(:accounts))
    UNION SELECT account, event_id FROM attempt WHERE account IN (SELECT value FROM json_each(:accounts))
    UNION SELECT account, event_id FROM unsynced
    WHERE account IN (SELECT value FROM json_each(:accounts)) AND kind = 'block'
), unready AS (
    SELECT link.account, link.id FROM waits
    CROSS JOIN link ON link.account = waits.account AND left_id = event_id WHERE state = 'awake'
    UNION SELECT link.account, link.id FROM waits
    CROSS JOIN link ON link.account = waits.account AND right_id = event_id WHERE state = 'awake'
)
SELECT account, count(*) AS events FROM unready GROUP BY account
"""
UNSYNCED_COUNTS = """
SELECT account, kind, count(*) AS events FROM unsynced
WHERE account IN (SELECT value FROM json_each(:accounts)) GROUP BY account, kind
"""

# Of one account.
LINKS = """
SELECT link.id, link.state, link.reason, link.origin, left_id, right_id,
    one.observation AS left_seen, one.standing AS left_standing,
    two.observation AS right_seen, two.standing AS right_standing
FROM link
LEFT JOIN seen AS one ON one.account = link.account AND one.side = 'left' AND one.event_id = left_id
LEFT JOIN seen AS two ON two.account = link.account AND two.side = 'right' AND two.event_id = right_id
WHERE link.account = :account AND link.id < :before
    AND (CAST(:state AS TEXT) IS NULL OR link.state = :state)
ORDER BY link.id DESC LIMIT :most
"""
LEDGER = """
SELECT ledger.*, link.left_id, link.right_id FROM ledger
LEFT JOIN link ON link.account = ledger.account AND link.id = ledger.link
WHERE ledger.account = :account AND ledger.id < :before
    AND (CAST(:kind AS TEXT) IS NULL OR ledger.kind = :kind)
    AND (CAST(:side AS TEXT) IS NULL OR ledger.side = :side)
ORDER BY ledger.id DESC LIMIT :most
"""
DELETED = """
SELECT * FROM ledger
WHERE account = :account AND kind = 'delete' AND at >= :since AND (side, event_id) IN (
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:wanted)
)
"""
LEFT_OUT = f"""
SELECT side, event_id, NULL AS other_id, kind, reason, since, rule FROM unsynced WHERE account = :account
UNION ALL
SELECT side, event_id, NULL,
    CASE WHEN EXISTS (SELECT 1 FROM decision WHERE {_OF_HOLD}) THEN 'decided:' ELSE 'hold:' END || kind,
    reason, since, rule
FROM hold WHERE account = :account AND {asked()}
UNION ALL
SELECT side, event_id, NULL, 'attempt:' || failures, error, NULL, NULL FROM attempt WHERE account = :account
UNION ALL
SELECT 'left', left_id, right_id, state, coalesce(reason, ''), NULL, NULL FROM link
WHERE account = :account AND state IN ('asleep', 'parted')
"""  # noqa: S608 - from above
# The other order of this join would read all that was ever seen of the account.
SEEN = """
SELECT seen.side, seen.event_id, seen.observation, seen.standing FROM json_each(:wanted) AS wanted
CROSS JOIN seen ON seen.account = :account AND seen.side = json_extract(wanted.value, '$[0]')
    AND seen.event_id = json_extract(wanted.value, '$[1]')
"""
# An event is private where its own server says so, or that of the one it is linked to: not every system can tell.
PRIVATE = """
WITH wanted AS (
    SELECT json_extract(value, '$[0]') AS side, json_extract(value, '$[1]') AS event_id FROM json_each(:wanted)
)
SELECT wanted.side, wanted.event_id FROM wanted
CROSS JOIN seen ON seen.account = :account AND seen.side = wanted.side AND seen.event_id = wanted.event_id
WHERE json_type(observation, '$.event.private') = 'true'
UNION
SELECT 'left', left_id FROM wanted CROSS JOIN link ON link.account = :account AND left_id = wanted.event_id
CROSS JOIN seen ON seen.account = :account AND seen.side = 'right' AND seen.event_id = right_id
WHERE wanted.side = 'left' AND json_type(observation, '$.event.private') = 'true'
UNION
SELECT 'right', right_id FROM wanted CROSS JOIN link ON link.account = :account AND right_id = wanted.event_id
CROSS JOIN seen ON seen.account = :account AND seen.side = 'left' AND seen.event_id = left_id
WHERE wanted.side = 'right' AND json_type(observation, '$.event.private') = 'true'
"""
COPIES_WITHOUT_ATTENDEES = """
SELECT count(*) AS copies, CAST(coalesce(sum(attendees), 0) AS BIGINT) AS people FROM ledger
WHERE account = :account AND kind = 'create' AND at >= :since AND attendees > 0
"""
MAILS_PREVENTED = "SELECT mails_prevented AS mails FROM account WHERE name = :account"
ALL_MAILS_PREVENTED = """
SELECT mails_prevented + CAST(coalesce((SELECT sum(mails_prevented) FROM account), 0) AS BIGINT) AS mails
FROM departed
"""
