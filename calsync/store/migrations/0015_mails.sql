-- What would have mailed somebody, and did not. A write keeps how many people were invited to its event at that moment,
-- and its account how many such writes there were: the ledger forgets them after a month, that number only rises.

ALTER TABLE ledger ADD COLUMN attendees INTEGER;
ALTER TABLE account ADD COLUMN mails_prevented INTEGER NOT NULL DEFAULT 0;

-- What is left of accounts that are gone: a number, and nobody's.
CREATE TABLE departed (
    mails_prevented INTEGER NOT NULL
) STRICT;

INSERT INTO departed VALUES (0);

CREATE TRIGGER account_departs AFTER DELETE ON account BEGIN
    UPDATE departed SET mails_prevented = mails_prevented + OLD.mails_prevented;
END;

-- Of what was written before, as far as anybody knows: by who is invited now, as pages have counted until today.
UPDATE ledger SET attendees = (
    SELECT json_extract(observation, '$.event.attendee_count') FROM seen
    WHERE seen.account = ledger.account AND seen.event_id = ledger.source_id
        AND seen.side = CASE ledger.side WHEN 'left' THEN 'right' ELSE 'left' END
)
WHERE kind = 'create';
UPDATE account SET mails_prevented =
    (SELECT count(*) FROM ledger WHERE ledger.account = account.name AND attendees > 0)
    + (
        SELECT count(*) FROM unsynced
        WHERE unsynced.account = account.name AND kind = 'block' AND reason IN ('has_attendees', 'not_organised_here')
    );
