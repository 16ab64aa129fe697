-- Who may see and steer what. Of ids and tokens that open something only hashes are kept.

CREATE TABLE person (
    id        INTEGER PRIMARY KEY,
    name      TEXT NOT NULL UNIQUE COLLATE NOCASE,
    role      TEXT NOT NULL CHECK (role IN ('administrator', 'user')),
    -- NULL: this person does not sign in that way, or has not yet used the invitation.
    password  TEXT,
    tenant_id TEXT,
    object_id TEXT,
    created   TEXT NOT NULL,
    UNIQUE (tenant_id, object_id),
    CHECK ((tenant_id IS NULL) = (object_id IS NULL))
) STRICT;

CREATE TABLE invitation (
    person INTEGER PRIMARY KEY REFERENCES person (id) ON DELETE CASCADE,
    hash   TEXT NOT NULL UNIQUE,
    until  TEXT NOT NULL
) STRICT;

CREATE TABLE session (
    hash   TEXT PRIMARY KEY,
    person INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    began  TEXT NOT NULL,
    seen   TEXT NOT NULL
) STRICT;

CREATE INDEX session_of_person ON session (person);

CREATE TABLE api_token (
    id      INTEGER PRIMARY KEY,
    person  INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    hash    TEXT NOT NULL UNIQUE,
    created TEXT NOT NULL
) STRICT;

CREATE INDEX api_token_of_person ON api_token (person);

-- Whose an account is. It is so only as long as the account is about the same two calendars (side.calendar); NULL is
-- one that no run has seen yet.
CREATE TABLE ownership (
    person         INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    account        TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    left_calendar  TEXT,
    right_calendar TEXT,
    PRIMARY KEY (person, account)
) STRICT;

CREATE INDEX ownership_of_account ON ownership (account);
