-- Whose turn it is next, and what became of a turn that another process has carried out (docs/decisions/0038).
CREATE TABLE turn (
    account TEXT PRIMARY KEY,
    -- When the next run is, unless somebody calls the account.
    due     TEXT,
    -- Which job the answer is about, and what came of it so far.
    job     TEXT,
    answer  TEXT
) STRICT;

CREATE INDEX turn_of_job ON turn (job);
