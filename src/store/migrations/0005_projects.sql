-- A sweep asks for the items of one project at a time.
CREATE INDEX items_by_project ON items (connection, project);
