-- Questions to a rule that were never answered. An id is empty where there was no event on that side.

CREATE TABLE hang (
    account        TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    left_id        TEXT NOT NULL,
    right_id       TEXT NOT NULL,
    left_revision  TEXT,
    right_revision TEXT,
    rule           TEXT NOT NULL,
    version        TEXT NOT NULL,
    PRIMARY KEY (account, left_id, right_id)
) STRICT;
