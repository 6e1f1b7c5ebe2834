-- What every place rests on is read before the items: containers, and those that left.
CREATE INDEX items_that_group ON items (connection, source) WHERE level = 2;
CREATE INDEX items_that_left ON items (connection, source) WHERE state <> 'live';
