-- The rule that holds or blocks a write; NULL where no rule does, or a calsync of before has noted it.
ALTER TABLE hold ADD COLUMN rule TEXT COLLATE "C";
ALTER TABLE unsynced ADD COLUMN rule TEXT COLLATE "C";
