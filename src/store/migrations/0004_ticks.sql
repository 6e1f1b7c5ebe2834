-- How far the ticks of a digest are looked at, for each plan (expression and zone) that it ever had.
CREATE TABLE plans (
    digest TEXT NOT NULL,
    plan TEXT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (digest, plan)
);

-- One row a tick of a digest, however many processes look. `due` is the civil time, which is its
-- identity; `state` is `planned`, or `skipped` where a newer one was due as well.
CREATE TABLE ticks (
    digest TEXT NOT NULL,
    due TEXT NOT NULL,
    at BIGINT NOT NULL,
    state TEXT NOT NULL,
    planned_at BIGINT NOT NULL,
    PRIMARY KEY (digest, due)
);
INSERT INTO ticks (digest, due, at, state, planned_at)
    SELECT digest, due, MIN(COALESCE(ended_at, claim_until)), 'planned',
        MIN(COALESCE(ended_at, claim_until))
    FROM digests GROUP BY digest, due;

-- The rows of `digests` are deliveries: `open` until one is claimed, then `sending`, and at last
-- `sent`, `failed` or `unknown`. Until now a claimed one stayed open.
UPDATE digests SET state = 'sending' WHERE state = 'open';
CREATE INDEX digests_unfinished ON digests (claim_until) WHERE state IN ('open', 'sending');
