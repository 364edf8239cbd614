-- The nodes that serve this database, each in its present run.
CREATE TABLE nodes (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    -- How long it may serve after it has sent a renewal, in milliseconds.
    lease BIGINT NOT NULL,
    joined_at BIGINT NOT NULL,
    renewed_at BIGINT NOT NULL,
    -- How often it was renewed.
    beat BIGINT NOT NULL,
    -- The last change that it has applied.
    applied BIGINT NOT NULL
);
