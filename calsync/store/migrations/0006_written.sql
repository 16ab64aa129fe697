-- Whether calsync writes to a side, as far as a person knows. A side that was only read is written again when a person
-- has confirmed the plan. NULL, as of sides that were read before this column was there, is what the direction says.

ALTER TABLE side ADD COLUMN written INTEGER;
