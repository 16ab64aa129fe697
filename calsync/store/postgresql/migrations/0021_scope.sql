-- The events for which the next run plans although the account is at rest otherwise, as JSON; NULL for none.
ALTER TABLE account ADD COLUMN unsettled TEXT COLLATE "C";

-- What an event keeps when its server gives it another id: a run that plans for some events looks up by it which others
-- they depend on. Its first characters do, as an index takes no long ones. It is found as text, whatever else stands
-- there: JSON escapes the quotes of all other texts.
CREATE INDEX seen_of_uid ON seen (
    account, side, substr(substring(observation FROM '"uid":"(([^"\\]|\\.)*)"'), 1, 200)
);
