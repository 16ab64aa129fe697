-- What undoing a write needs to know of it: which row it undoes, what both events are called whatever their ids, and
-- whether the event was private, which its copy must not lose.

ALTER TABLE ledger ADD COLUMN undoes INTEGER;
ALTER TABLE ledger ADD COLUMN uid TEXT;
ALTER TABLE ledger ADD COLUMN source_uid TEXT;
ALTER TABLE ledger ADD COLUMN private INTEGER NOT NULL DEFAULT 0;
ALTER TABLE intent ADD COLUMN undoes INTEGER;

CREATE UNIQUE INDEX ledger_undone_once ON ledger (account, undoes) WHERE undoes IS NOT NULL;
CREATE UNIQUE INDEX intent_undoes_once ON intent (account, undoes) WHERE undoes IS NOT NULL;

-- Where the rows about one pair, one event, one run are looked up.
CREATE INDEX ledger_of_link ON ledger (account, link, id);
CREATE INDEX ledger_of_event ON ledger (account, event_id, id);
CREATE INDEX ledger_of_run ON ledger (account, run, id);
