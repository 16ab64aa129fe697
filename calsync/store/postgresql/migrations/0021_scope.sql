-- The events for which the next run plans although the account is at rest otherwise, as JSON; NULL for none.
ALTER TABLE account ADD COLUMN unsettled TEXT COLLATE "C";

-- What an event keeps when its server gives it another id: a run that plans for some events looks up by it which others
-- they depend on. Only its own text is read as JSON: another one may hold \u0000, which PostgreSQL refuses. Quotes are
-- escaped in every text, so that nothing else looks like the field.
ALTER TABLE seen ADD COLUMN uid TEXT COLLATE "C";
UPDATE seen SET uid = CAST('"' || substring(observation from '"uid":"((?:[^"\\]|\\.)*)"') || '"' AS json) #>> '{}';
CREATE INDEX seen_of_uid ON seen (account, side, uid) WHERE uid IS NOT NULL;
