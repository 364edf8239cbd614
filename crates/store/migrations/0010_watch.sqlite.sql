-- Keys that were refused more often than accepted since a day (UTC) began. A worker keeps it.
CREATE TABLE failing_keys (
    organisation BLOB NOT NULL,
    key BLOB NOT NULL,
    since INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (organisation, key)
) STRICT, WITHOUT ROWID;

-- What was done about a key or a service account that nobody uses.
CREATE TABLE idle_watch (
    subject BLOB PRIMARY KEY,
    organisation BLOB NOT NULL,
    -- From when on its time counts, if it was switched on again after it was last used.
    awake_at INTEGER NOT NULL DEFAULT 0,
    -- The last use, or what stands for it, after which somebody was told.
    told_of INTEGER
) STRICT, WITHOUT ROWID;

-- What was required of a key's requests that passed, as it was written, and when last: the beginning of a day (UTC).
CREATE TABLE required_of_keys (
    organisation BLOB NOT NULL,
    key BLOB NOT NULL,
    required TEXT NOT NULL,
    day INTEGER NOT NULL,
    PRIMARY KEY (organisation, key, required)
) STRICT, WITHOUT ROWID;
CREATE INDEX required_of_keys_by_day ON required_of_keys (organisation, day);
