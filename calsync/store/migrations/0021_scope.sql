-- The events for which the next run plans although the account is at rest otherwise, as JSON; NULL for none.
ALTER TABLE account ADD COLUMN unsettled TEXT;

-- What an event keeps when its server gives it another id: a run that plans for some events looks up by it which others
-- they depend on. Its first characters do: some more events are read than needed where many begin alike.
CREATE INDEX seen_of_uid ON seen (account, side, substr(json_extract(observation, '$.event.uid'), 1, 200));
