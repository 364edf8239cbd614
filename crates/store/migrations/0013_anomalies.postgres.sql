-- From which networks keys were used: the first time, and the last as far as a day tells.
CREATE TABLE networks_of_keys (
    organisation UUID NOT NULL,
    key UUID NOT NULL,
    -- '-' where a door did not say from where.
    network TEXT COLLATE "C" NOT NULL,
    first_at BIGINT NOT NULL,
    -- The beginning of the last day.
    day BIGINT NOT NULL,
    PRIMARY KEY (organisation, key, network)
);
CREATE INDEX networks_of_keys_by_day ON networks_of_keys (organisation, day);

-- What was seen of keys while their use was counted, and nobody has looked at yet: that they woke, or came from somewhere else.
CREATE TABLE sightings (
    organisation UUID NOT NULL,
    key UUID NOT NULL,
    -- The network; '' where the key woke.
    network TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    -- When a key that woke was used before.
    before_at BIGINT,
    PRIMARY KEY (organisation, key, network)
);

-- The last anomaly of each kind of a key.
CREATE TABLE anomalies (
    organisation UUID NOT NULL,
    key UUID NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    -- JSON.
    evidence TEXT NOT NULL,
    -- Somebody has looked at it.
    seen BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (organisation, key, kind)
);

-- When and from where a replaced secret was used last.
ALTER TABLE secrets ADD COLUMN last_used_at BIGINT;
ALTER TABLE secrets ADD COLUMN last_used_ip TEXT;
CREATE INDEX secrets_by_end ON secrets (organisation, ends_at) WHERE ends_at IS NOT NULL;
