-- Which calendar a side is about: what is remembered of one must not be compared with another. NULL, as of sides that
-- were read before this column was there, is the one that the next run is given.

ALTER TABLE side ADD COLUMN calendar TEXT;
