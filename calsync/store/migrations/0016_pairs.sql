-- Of a decision that two events belong together: the one on `side`. A person may now choose that, so the list of choices
-- is longer; the words themselves are those of calsync.sync.choices.

CREATE TABLE decided (
    account     TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    side        TEXT NOT NULL CHECK (side IN ('left', 'right')),
    event_id    TEXT NOT NULL,
    kind        TEXT NOT NULL,
    reason      TEXT NOT NULL,
    choice      TEXT NOT NULL CHECK (choice IN ('release', 'keep', 'left', 'right', 'pair')),
    partner     TEXT,
    fingerprint TEXT NOT NULL,
    since       TEXT NOT NULL,
    at          TEXT NOT NULL,
    PRIMARY KEY (account, side, event_id, kind, reason)
) STRICT;

INSERT INTO decided (account, side, event_id, kind, reason, choice, fingerprint, since, at)
SELECT account, side, event_id, kind, reason, choice, fingerprint, since, at FROM decision;
DROP TABLE decision;
ALTER TABLE decided RENAME TO decision;

-- Where the rows are looked up that were made from an event, also once its link has ended.
CREATE INDEX ledger_of_source ON ledger (account, source_id) WHERE source_id IS NOT NULL;
