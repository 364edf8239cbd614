-- Keys that were refused more often than accepted since a day (UTC) began. A worker keeps it.
CREATE TABLE failing_keys (
    organisation UUID NOT NULL,
    key UUID NOT NULL,
    since BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    total BIGINT NOT NULL,
    PRIMARY KEY (organisation, key)
);

-- What was done about a key or a service account that nobody uses.
CREATE TABLE idle_watch (
    subject UUID PRIMARY KEY,
    organisation UUID NOT NULL,
    -- From when on its time counts, if it was switched on again after it was last used.
    awake_at BIGINT NOT NULL DEFAULT 0,
    -- The last use, or what stands for it, after which somebody was told.
    told_of BIGINT
);

-- What was required of a key's requests that passed, as it was written, and when last: the beginning of a day (UTC).
CREATE TABLE required_of_keys (
    organisation UUID NOT NULL,
    key UUID NOT NULL,
    required TEXT COLLATE "C" NOT NULL,
    day BIGINT NOT NULL,
    PRIMARY KEY (organisation, key, required)
);
CREATE INDEX required_of_keys_by_day ON required_of_keys (organisation, day);
