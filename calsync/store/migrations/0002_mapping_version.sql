-- The provider's mapping under which a side was listed in full. NULL, as of sides that were listed before this
-- column was there, is none that a provider has: the next run lists in full.

ALTER TABLE side ADD COLUMN mapping_version INTEGER;
