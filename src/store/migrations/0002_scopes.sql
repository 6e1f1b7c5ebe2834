-- What the last sweep of each project or repository told.
CREATE TABLE scopes (
    connection TEXT NOT NULL,
    project TEXT NOT NULL,
    standing TEXT NOT NULL,
    listed BIGINT,
    swept_at BIGINT,
    problem TEXT,
    PRIMARY KEY (connection, project)
);
