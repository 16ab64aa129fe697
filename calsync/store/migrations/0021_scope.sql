-- The events for which the next run plans although the account is at rest otherwise, as JSON; NULL for none.
ALTER TABLE account ADD COLUMN unsettled TEXT;

-- What an event keeps when its server gives it another id: a run that plans for some events looks up by it which others
-- they depend on. Its first characters do: some more events are read than needed where many begin alike. A row that is
-- broken is told when its account is read.
CREATE INDEX seen_of_uid ON seen (
    account, side, substr(CASE WHEN json_valid(observation) THEN json_extract(observation, '$.event.uid') END, 1, 200)
);
