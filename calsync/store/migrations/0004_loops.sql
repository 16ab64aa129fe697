-- The event on the other side that a write was made from. A source that is copied again and again is told by it.
-- Unknown of what was written before this column was there.

ALTER TABLE ledger ADD COLUMN source_id TEXT;

CREATE INDEX ledger_creates ON ledger (account, at, side, source_id) WHERE kind = 'create';
CREATE INDEX ledger_updates ON ledger (account, at, link) WHERE kind = 'update';
