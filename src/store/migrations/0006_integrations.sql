-- Events at which work was put together and looked at. `epics` and `items` are lists of keys, as JSON.
CREATE TABLE integrations (
    number BIGINT PRIMARY KEY,
    supersedes BIGINT,
    at BIGINT NOT NULL,
    name TEXT NOT NULL,
    epics TEXT NOT NULL,
    items TEXT NOT NULL,
    known_at BIGINT NOT NULL
);
