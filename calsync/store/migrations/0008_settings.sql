-- What people have chosen for an account; NULL is what the configuration says. When both sides were last read without
-- an error, as of the last run that read them.

ALTER TABLE account ADD COLUMN enabled INTEGER CHECK (enabled IN (0, 1));
ALTER TABLE account ADD COLUMN direction TEXT CHECK (direction IN ('both', 'left_to_right', 'right_to_left'));
ALTER TABLE account ADD COLUMN good_at TEXT;

-- Who changed what. It outlives the account, so `account` is no reference.
CREATE TABLE audit (
    id      INTEGER PRIMARY KEY,
    at      TEXT NOT NULL,
    who     TEXT NOT NULL,
    account TEXT,
    what    TEXT NOT NULL,
    before  TEXT,
    after   TEXT
) STRICT;

CREATE INDEX audit_of_account ON audit (account, id);
