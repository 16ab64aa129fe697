-- What a person has decided about something that is held, until it is carried out. It counts for what the person saw:
-- the fingerprint names what both sides showed, and `since` the hold.

CREATE TABLE decision (
    account     TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    side        TEXT NOT NULL CHECK (side IN ('left', 'right')),
    event_id    TEXT NOT NULL,
    kind        TEXT NOT NULL,
    reason      TEXT NOT NULL,
    choice      TEXT NOT NULL CHECK (choice IN ('release', 'keep', 'left', 'right')),
    fingerprint TEXT NOT NULL,
    since       TEXT NOT NULL,
    at          TEXT NOT NULL,
    PRIMARY KEY (account, side, event_id, kind, reason)
) STRICT;

-- The same may be held for two reasons: some fields by a brake, others as a conflict. Each is decided on its own.
CREATE TABLE held (
    account  TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    side     TEXT NOT NULL CHECK (side IN ('left', 'right')),
    event_id TEXT NOT NULL,
    kind     TEXT NOT NULL,
    reason   TEXT NOT NULL,
    since    TEXT NOT NULL,
    PRIMARY KEY (account, side, event_id, kind, reason)
) STRICT;

INSERT INTO held SELECT account, side, event_id, kind, reason, since FROM hold;
DROP TABLE hold;
ALTER TABLE held RENAME TO hold;
