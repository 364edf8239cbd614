-- From which networks keys were used: the first time, and the last as far as a day tells.
CREATE TABLE networks_of_keys (
    organisation BLOB NOT NULL,
    key BLOB NOT NULL,
    -- '-' where a door did not say from where.
    network TEXT NOT NULL,
    first_at INTEGER NOT NULL,
    -- The beginning of the last day.
    day INTEGER NOT NULL,
    PRIMARY KEY (organisation, key, network)
) STRICT, WITHOUT ROWID;
CREATE INDEX networks_of_keys_by_day ON networks_of_keys (organisation, day);

-- What was seen of keys while their use was counted, and nobody has looked at yet: that they woke, or came from somewhere else.
CREATE TABLE sightings (
    organisation BLOB NOT NULL,
    key BLOB NOT NULL,
    -- The network; '' where the key woke.
    network TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- When a key that woke was used before.
    before_at INTEGER,
    PRIMARY KEY (organisation, key, network)
) STRICT, WITHOUT ROWID;

-- The last anomaly of each kind of a key.
CREATE TABLE anomalies (
    organisation BLOB NOT NULL,
    key BLOB NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- JSON.
    evidence TEXT NOT NULL,
    -- Somebody has looked at it.
    seen INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation, key, kind)
) STRICT, WITHOUT ROWID;

-- When and from where a replaced secret was used last.
ALTER TABLE secrets ADD COLUMN last_used_at INTEGER;
ALTER TABLE secrets ADD COLUMN last_used_ip TEXT;
CREATE INDEX secrets_by_end ON secrets (organisation, ends_at) WHERE ends_at IS NOT NULL;
