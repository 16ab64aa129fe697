-- Everything that calsync remembers. Events, bases and drafts are JSON (calsync/store/codec.py); what is searched,
-- counted or must be unique has a column. Instants are ISO 8601 text in UTC with microseconds, so that they compare.

CREATE TABLE account (
    name   TEXT PRIMARY KEY,
    run    INTEGER NOT NULL DEFAULT 0,
    -- The lease: who may write until when. The fence only rises, also when a lease is given back.
    holder TEXT,
    fence  INTEGER NOT NULL DEFAULT 0,
    until  TEXT
) STRICT;

CREATE TABLE side (
    account      TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    side         TEXT NOT NULL CHECK (side IN ('left', 'right')),
    token        TEXT,
    window_start TEXT,
    window_end   TEXT,
    round        INTEGER NOT NULL,
    listed_run   INTEGER,
    listed_at    TEXT,
    PRIMARY KEY (account, side),
    CHECK ((window_start IS NULL) = (window_end IS NULL))
) STRICT;

CREATE TABLE seen (
    account      TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    side         TEXT NOT NULL CHECK (side IN ('left', 'right')),
    event_id     TEXT NOT NULL,
    observation  TEXT NOT NULL,
    first_run    INTEGER NOT NULL,
    round        INTEGER NOT NULL,
    standing     TEXT NOT NULL,
    standing_run INTEGER NOT NULL,
    PRIMARY KEY (account, side, event_id)
) STRICT;

CREATE TABLE link (
    account    TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    id         INTEGER NOT NULL,
    left_id    TEXT,
    right_id   TEXT,
    state      TEXT NOT NULL,
    reason     TEXT,
    origin     TEXT,
    left_base  TEXT NOT NULL,
    right_base TEXT NOT NULL,
    PRIMARY KEY (account, id),
    UNIQUE (account, left_id),
    UNIQUE (account, right_id)
) STRICT;

-- An intent outlives its link (a delete's intent is settled when the link is gone), so `link` is no reference.
CREATE TABLE intent (
    account   TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    marker    TEXT NOT NULL,
    kind      TEXT NOT NULL,
    side      TEXT NOT NULL CHECK (side IN ('left', 'right')),
    reason    TEXT NOT NULL,
    link      INTEGER,
    source_id TEXT,
    source    TEXT,
    target    TEXT,
    draft     TEXT,
    changes   TEXT NOT NULL,
    run       INTEGER NOT NULL,
    begun     TEXT NOT NULL,
    looks     INTEGER NOT NULL,
    PRIMARY KEY (account, marker)
) STRICT;

CREATE UNIQUE INDEX intent_creates_once ON intent (account, side, source_id) WHERE kind = 'create';

CREATE TABLE attempt (
    account  TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    side     TEXT NOT NULL CHECK (side IN ('left', 'right')),
    event_id TEXT NOT NULL,
    failures INTEGER NOT NULL,
    due      TEXT NOT NULL,
    error    TEXT NOT NULL,
    PRIMARY KEY (account, side, event_id)
) STRICT;

CREATE TABLE hold (
    account  TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    side     TEXT NOT NULL CHECK (side IN ('left', 'right')),
    event_id TEXT NOT NULL,
    kind     TEXT NOT NULL,
    reason   TEXT NOT NULL,
    since    TEXT NOT NULL,
    PRIMARY KEY (account, side, event_id, kind)
) STRICT;

CREATE TABLE tombstone (
    account  TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    side     TEXT NOT NULL CHECK (side IN ('left', 'right')),
    event_id TEXT NOT NULL,
    revision TEXT,
    at       TEXT NOT NULL,
    PRIMARY KEY (account, side, event_id)
) STRICT;

CREATE TABLE ledger (
    id           INTEGER PRIMARY KEY,
    account      TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    run          INTEGER NOT NULL,
    at           TEXT NOT NULL,
    kind         TEXT NOT NULL,
    side         TEXT NOT NULL CHECK (side IN ('left', 'right')),
    reason       TEXT NOT NULL,
    event_id     TEXT,
    link         INTEGER,
    before_image TEXT NOT NULL,
    after_image  TEXT NOT NULL
) STRICT;

CREATE INDEX ledger_of_account ON ledger (account, id);
CREATE INDEX ledger_deletes ON ledger (account, at) WHERE kind = 'delete';
