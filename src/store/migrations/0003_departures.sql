-- When a project was first seen to stand as it does.
ALTER TABLE scopes ADD COLUMN since BIGINT;

-- Items that were asked for and not given. They are few, and looked for again.
CREATE INDEX items_missed ON items (connection, missed_at) WHERE misses > 0;
