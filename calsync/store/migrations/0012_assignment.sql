-- Whom somebody is in the system whose people are listed, by that system's id. An administrator says so: what somebody
-- types of themselves would open another one's calendar.

CREATE TABLE assignment (
    person INTEGER PRIMARY KEY REFERENCES person (id) ON DELETE CASCADE,
    member TEXT NOT NULL UNIQUE
) STRICT;
