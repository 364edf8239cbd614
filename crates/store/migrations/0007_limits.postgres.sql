-- Rate limits as a JSON list; a quota as a JSON object.
ALTER TABLE keys ADD COLUMN rate_limits TEXT NOT NULL DEFAULT '[]';
ALTER TABLE keys ADD COLUMN quota TEXT;
-- Counts how often what is used of the quota was set anew.
ALTER TABLE keys ADD COLUMN quota_round BIGINT NOT NULL DEFAULT 0;
ALTER TABLE service_accounts ADD COLUMN rate_limits TEXT NOT NULL DEFAULT '[]';
ALTER TABLE organisations ADD COLUMN rate_limits TEXT NOT NULL DEFAULT '[]';

-- What is used of a key's quota in a period, but for the blocks below.
CREATE TABLE quota_periods (
    key UUID NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    round BIGINT NOT NULL,
    start BIGINT NOT NULL,
    -- None where the quota is in total.
    ends_at BIGINT,
    used BIGINT NOT NULL,
    PRIMARY KEY (key, round, start)
);
CREATE INDEX quota_periods_by_end ON quota_periods (ends_at);

-- Units that were handed to a running node: all of them count as used until it tells how many are.
CREATE TABLE quota_blocks (
    key UUID NOT NULL,
    round BIGINT NOT NULL,
    start BIGINT NOT NULL,
    node UUID NOT NULL,
    block BIGINT NOT NULL,
    granted BIGINT NOT NULL,
    -- What the node had used of them when it last asked.
    spent BIGINT NOT NULL,
    PRIMARY KEY (key, round, start, node, block),
    FOREIGN KEY (key, round, start) REFERENCES quota_periods (key, round, start) ON DELETE CASCADE
);
