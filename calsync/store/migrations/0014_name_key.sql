-- What a person's name is compared by: SQLite itself knows no case of umlauts. calsync.store.name_keys fills it in.

ALTER TABLE person ADD COLUMN key TEXT;

CREATE UNIQUE INDEX person_key ON person (key);
