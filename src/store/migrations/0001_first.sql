-- Instants are BIGINT milliseconds since the epoch (UTC), truth values BIGINT 0 or 1.
-- Facts carry two clocks: when it happened (inside the values) and known_at, when we learned it.

CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT,
    epoch BIGINT NOT NULL,
    until BIGINT NOT NULL
);

-- One row an item. `facts` holds every version of its attributes and its whole history.
CREATE TABLE items (
    connection TEXT NOT NULL,
    source TEXT NOT NULL,
    tracker BIGINT NOT NULL,
    key TEXT NOT NULL,
    project TEXT NOT NULL,
    level BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    settled BIGINT NOT NULL,
    state TEXT NOT NULL,
    removed_at BIGINT,
    removed_reason TEXT,
    first_seen BIGINT NOT NULL,
    misses BIGINT NOT NULL,
    missed_at BIGINT,
    seq BIGINT NOT NULL,
    facts {blob} NOT NULL,
    PRIMARY KEY (connection, source)
);
CREATE INDEX items_by_key ON items (key);
CREATE INDEX items_by_seq ON items (seq);
CREATE INDEX items_by_creation ON items (connection, created_at);

-- Keys that items had before.
CREATE TABLE aliases (
    key TEXT NOT NULL,
    connection TEXT NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (key, connection, source)
);

CREATE TABLE cursors (
    connection TEXT NOT NULL,
    scan TEXT NOT NULL,
    cursor_t BIGINT,
    resume_key BIGINT,
    scan_t0 BIGINT,
    PRIMARY KEY (connection, scan)
);

CREATE TABLE passes (
    connection TEXT NOT NULL,
    finished_at BIGINT NOT NULL,
    id TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    clock BIGINT,
    complete BIGINT NOT NULL,
    discovered BIGINT NOT NULL,
    read_items BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    gaps BIGINT NOT NULL,
    problem TEXT,
    PRIMARY KEY (connection, finished_at, id)
);

CREATE TABLE statuses (
    connection TEXT NOT NULL,
    id TEXT NOT NULL,
    known_at BIGINT NOT NULL,
    name TEXT NOT NULL,
    category TEXT NOT NULL,
    PRIMARY KEY (connection, id, known_at)
);

CREATE TABLE releases (
    connection TEXT NOT NULL,
    id TEXT NOT NULL,
    known_at BIGINT NOT NULL,
    name TEXT NOT NULL,
    project TEXT NOT NULL,
    released_at BIGINT,
    exactness BIGINT NOT NULL,
    present BIGINT NOT NULL,
    PRIMARY KEY (connection, id, known_at)
);

-- An empty source or key stands for a row that did not even have one.
CREATE TABLE gaps (
    connection TEXT NOT NULL,
    source TEXT NOT NULL,
    key TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    resolved_at BIGINT,
    PRIMARY KEY (connection, source, key, reason, detail, first_seen)
);

CREATE TABLE retries (
    connection TEXT NOT NULL,
    source TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    last_error TEXT NOT NULL,
    PRIMARY KEY (connection, source)
);

CREATE TABLE hints (
    connection TEXT NOT NULL,
    source TEXT NOT NULL,
    seq BIGINT NOT NULL,
    due BIGINT NOT NULL,
    PRIMARY KEY (connection, source)
);

CREATE TABLE decisions (
    number BIGINT PRIMARY KEY,
    supersedes BIGINT,
    made_at BIGINT NOT NULL,
    effective_at BIGINT NOT NULL,
    altitude TEXT NOT NULL,
    subject TEXT NOT NULL,
    verb TEXT NOT NULL,
    target_low DOUBLE PRECISION,
    target_high DOUBLE PRECISION,
    measure TEXT,
    direction TEXT,
    review_at BIGINT,
    cites TEXT NOT NULL,
    why TEXT NOT NULL,
    known_at BIGINT NOT NULL
);

CREATE TABLE readings (
    number BIGINT PRIMARY KEY,
    measure TEXT NOT NULL,
    at BIGINT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    source TEXT NOT NULL,
    known_at BIGINT NOT NULL
);

CREATE TABLE portfolios (
    number BIGINT PRIMARY KEY,
    known_at BIGINT NOT NULL,
    hash TEXT NOT NULL,
    text TEXT NOT NULL
);

-- `content` is what was sent, kept for ever; `token` tells claims of one delivery apart.
CREATE TABLE digests (
    digest TEXT NOT NULL,
    due TEXT NOT NULL,
    channel TEXT NOT NULL,
    state TEXT NOT NULL,
    content TEXT NOT NULL,
    token BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    claim_until BIGINT NOT NULL,
    ended_at BIGINT,
    problem TEXT,
    PRIMARY KEY (digest, due, channel)
);
