-- What names the terms under which the last run left an account nothing to find out; NULL for an account that is not at
-- rest.

ALTER TABLE account ADD COLUMN rest TEXT;
