-- Why what is remembered of an account may be older than its calendars; NULL where it is not. Until a person has
-- confirmed the plan, nothing is written to them.

ALTER TABLE account ADD COLUMN rebuild TEXT;
