-- How the source of each outcome measure was read last; `problem` is what could not be read.
CREATE TABLE sources (
    measure TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    tried_at BIGINT NOT NULL,
    read_at BIGINT,
    problem TEXT
);
-- A source gives the readings of years again and again.
CREATE INDEX readings_of ON readings (measure, at);
