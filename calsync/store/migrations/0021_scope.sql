-- The events for which the next run plans although the account is at rest otherwise, as JSON; NULL for none.
ALTER TABLE account ADD COLUMN unsettled TEXT;

-- What an event keeps when its server gives it another id: a run that plans for some events looks up by it which others
-- they depend on.
ALTER TABLE seen ADD COLUMN uid TEXT;
UPDATE seen SET uid = json_extract(observation, '$.event.uid');
CREATE INDEX seen_of_uid ON seen (account, side, uid) WHERE uid IS NOT NULL;
