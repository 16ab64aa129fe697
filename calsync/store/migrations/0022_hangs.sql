-- The questions about the same events that were never answered before the last one, as JSON; NULL for none. And the
-- account's run behind which the last one was noted.
ALTER TABLE hang ADD COLUMN earlier TEXT;
ALTER TABLE hang ADD COLUMN noted_run INTEGER NOT NULL DEFAULT 0;
