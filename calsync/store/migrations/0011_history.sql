-- The runs that did something, failed, or worked again; a run that found nothing to do leaves no row. Counts are of what
-- was written to a side, or should have been.

CREATE TABLE run (
    id            INTEGER PRIMARY KEY,
    account       TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    number        INTEGER NOT NULL,
    began         TEXT NOT NULL,
    ended         TEXT NOT NULL,
    left_created  INTEGER NOT NULL,
    left_updated  INTEGER NOT NULL,
    left_deleted  INTEGER NOT NULL,
    left_linked   INTEGER NOT NULL,
    left_failed   INTEGER NOT NULL,
    right_created INTEGER NOT NULL,
    right_updated INTEGER NOT NULL,
    right_deleted INTEGER NOT NULL,
    right_linked  INTEGER NOT NULL,
    right_failed  INTEGER NOT NULL,
    -- The class and the sentence of what the run failed with; NULL where it went well.
    error_class   TEXT,
    error         TEXT,
    CHECK ((error_class IS NULL) = (error IS NULL))
) STRICT;

CREATE INDEX run_of_account ON run (account, id);

-- The events that the last run left out, or must not touch, and since when for that reason. What waits for a person
-- stands in `hold`, what failed in `attempt`.
CREATE TABLE unsynced (
    account  TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    side     TEXT NOT NULL CHECK (side IN ('left', 'right')),
    event_id TEXT NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('skip', 'block')),
    reason   TEXT NOT NULL,
    since    TEXT NOT NULL,
    PRIMARY KEY (account, side, event_id)
) STRICT;

CREATE INDEX unsynced_of_kind ON unsynced (account, kind);
CREATE INDEX unsynced_blocks ON unsynced (account, side, reason, since) WHERE kind = 'block';

-- Pages count what they show; the rows themselves are long.
CREATE INDEX link_of_state ON link (account, state);
