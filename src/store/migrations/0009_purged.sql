-- What was purged, and is not taken in again before that is taken back. An empty project and source
-- stand for a whole connection, an empty source for a project.
CREATE TABLE purged (
    connection TEXT NOT NULL,
    project TEXT NOT NULL,
    source TEXT NOT NULL,
    items BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (connection, project, source)
);
