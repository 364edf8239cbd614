-- Answers by key, API ('' where none was named) and code. How long they took: l0 to l19 count those in each bucket of domain::latency,
-- micros is their sum. Minutes are kept for two days, hours and days for as long as the policy says.
CREATE TABLE usage_minutes (
    organisation BLOB NOT NULL,
    key BLOB NOT NULL,
    minute INTEGER NOT NULL,
    api TEXT NOT NULL,
    code TEXT NOT NULL,
    count INTEGER NOT NULL,
    micros INTEGER NOT NULL DEFAULT 0,
    l0 INTEGER NOT NULL DEFAULT 0, l1 INTEGER NOT NULL DEFAULT 0, l2 INTEGER NOT NULL DEFAULT 0, l3 INTEGER NOT NULL DEFAULT 0, l4 INTEGER NOT NULL DEFAULT 0,
    l5 INTEGER NOT NULL DEFAULT 0, l6 INTEGER NOT NULL DEFAULT 0, l7 INTEGER NOT NULL DEFAULT 0, l8 INTEGER NOT NULL DEFAULT 0, l9 INTEGER NOT NULL DEFAULT 0,
    l10 INTEGER NOT NULL DEFAULT 0, l11 INTEGER NOT NULL DEFAULT 0, l12 INTEGER NOT NULL DEFAULT 0, l13 INTEGER NOT NULL DEFAULT 0, l14 INTEGER NOT NULL DEFAULT 0,
    l15 INTEGER NOT NULL DEFAULT 0, l16 INTEGER NOT NULL DEFAULT 0, l17 INTEGER NOT NULL DEFAULT 0, l18 INTEGER NOT NULL DEFAULT 0, l19 INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation, key, minute, api, code)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_minutes_by_minute ON usage_minutes (minute);

ALTER TABLE usage_hours RENAME TO usage_hours_before;
DROP INDEX usage_hours_by_hour;
CREATE TABLE usage_hours (
    organisation BLOB NOT NULL,
    key BLOB NOT NULL,
    hour INTEGER NOT NULL,
    api TEXT NOT NULL,
    code TEXT NOT NULL,
    count INTEGER NOT NULL,
    micros INTEGER NOT NULL DEFAULT 0,
    l0 INTEGER NOT NULL DEFAULT 0, l1 INTEGER NOT NULL DEFAULT 0, l2 INTEGER NOT NULL DEFAULT 0, l3 INTEGER NOT NULL DEFAULT 0, l4 INTEGER NOT NULL DEFAULT 0,
    l5 INTEGER NOT NULL DEFAULT 0, l6 INTEGER NOT NULL DEFAULT 0, l7 INTEGER NOT NULL DEFAULT 0, l8 INTEGER NOT NULL DEFAULT 0, l9 INTEGER NOT NULL DEFAULT 0,
    l10 INTEGER NOT NULL DEFAULT 0, l11 INTEGER NOT NULL DEFAULT 0, l12 INTEGER NOT NULL DEFAULT 0, l13 INTEGER NOT NULL DEFAULT 0, l14 INTEGER NOT NULL DEFAULT 0,
    l15 INTEGER NOT NULL DEFAULT 0, l16 INTEGER NOT NULL DEFAULT 0, l17 INTEGER NOT NULL DEFAULT 0, l18 INTEGER NOT NULL DEFAULT 0, l19 INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation, key, hour, api, code)
) STRICT, WITHOUT ROWID;
INSERT INTO usage_hours (organisation, key, hour, api, code, count)
    SELECT organisation, key, hour, '', code, count FROM usage_hours_before;
DROP TABLE usage_hours_before;
CREATE INDEX usage_hours_by_hour ON usage_hours (organisation, hour);

CREATE TABLE usage_days (
    organisation BLOB NOT NULL,
    key BLOB NOT NULL,
    day INTEGER NOT NULL,
    api TEXT NOT NULL,
    code TEXT NOT NULL,
    count INTEGER NOT NULL,
    micros INTEGER NOT NULL DEFAULT 0,
    l0 INTEGER NOT NULL DEFAULT 0, l1 INTEGER NOT NULL DEFAULT 0, l2 INTEGER NOT NULL DEFAULT 0, l3 INTEGER NOT NULL DEFAULT 0, l4 INTEGER NOT NULL DEFAULT 0,
    l5 INTEGER NOT NULL DEFAULT 0, l6 INTEGER NOT NULL DEFAULT 0, l7 INTEGER NOT NULL DEFAULT 0, l8 INTEGER NOT NULL DEFAULT 0, l9 INTEGER NOT NULL DEFAULT 0,
    l10 INTEGER NOT NULL DEFAULT 0, l11 INTEGER NOT NULL DEFAULT 0, l12 INTEGER NOT NULL DEFAULT 0, l13 INTEGER NOT NULL DEFAULT 0, l14 INTEGER NOT NULL DEFAULT 0,
    l15 INTEGER NOT NULL DEFAULT 0, l16 INTEGER NOT NULL DEFAULT 0, l17 INTEGER NOT NULL DEFAULT 0, l18 INTEGER NOT NULL DEFAULT 0, l19 INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation, key, day, api, code)
) STRICT, WITHOUT ROWID;
INSERT INTO usage_days (organisation, key, day, api, code, count)
    SELECT organisation, key, hour - hour % 86400000000, '', code, SUM(count) FROM usage_hours
    GROUP BY organisation, key, hour - hour % 86400000000, code;
CREATE INDEX usage_days_by_day ON usage_days (organisation, day);

-- The same of all keys of an organisation together, so that its charts, and those of its APIs, read few rows. A grain is m, h or d.
CREATE TABLE usage_totals (
    organisation BLOB NOT NULL,
    grain TEXT NOT NULL,
    start INTEGER NOT NULL,
    api TEXT NOT NULL,
    code TEXT NOT NULL,
    count INTEGER NOT NULL,
    micros INTEGER NOT NULL DEFAULT 0,
    l0 INTEGER NOT NULL DEFAULT 0, l1 INTEGER NOT NULL DEFAULT 0, l2 INTEGER NOT NULL DEFAULT 0, l3 INTEGER NOT NULL DEFAULT 0, l4 INTEGER NOT NULL DEFAULT 0,
    l5 INTEGER NOT NULL DEFAULT 0, l6 INTEGER NOT NULL DEFAULT 0, l7 INTEGER NOT NULL DEFAULT 0, l8 INTEGER NOT NULL DEFAULT 0, l9 INTEGER NOT NULL DEFAULT 0,
    l10 INTEGER NOT NULL DEFAULT 0, l11 INTEGER NOT NULL DEFAULT 0, l12 INTEGER NOT NULL DEFAULT 0, l13 INTEGER NOT NULL DEFAULT 0, l14 INTEGER NOT NULL DEFAULT 0,
    l15 INTEGER NOT NULL DEFAULT 0, l16 INTEGER NOT NULL DEFAULT 0, l17 INTEGER NOT NULL DEFAULT 0, l18 INTEGER NOT NULL DEFAULT 0, l19 INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation, grain, start, api, code)
) STRICT, WITHOUT ROWID;
INSERT INTO usage_totals (organisation, grain, start, api, code, count)
    SELECT organisation, 'h', hour, '', code, SUM(count) FROM usage_hours GROUP BY organisation, hour, code;
INSERT INTO usage_totals (organisation, grain, start, api, code, count)
    SELECT organisation, 'd', day, '', code, SUM(count) FROM usage_days GROUP BY organisation, day, code;

-- What applications say of the requests that passed: the upstream's status, and how long it took.
CREATE TABLE usage_reports (
    organisation BLOB NOT NULL,
    key BLOB NOT NULL,
    hour INTEGER NOT NULL,
    api TEXT NOT NULL,
    -- Method and path template, or what the application calls it; '' where it does not say.
    route TEXT NOT NULL,
    status INTEGER NOT NULL,
    count INTEGER NOT NULL,
    micros INTEGER NOT NULL DEFAULT 0,
    l0 INTEGER NOT NULL DEFAULT 0, l1 INTEGER NOT NULL DEFAULT 0, l2 INTEGER NOT NULL DEFAULT 0, l3 INTEGER NOT NULL DEFAULT 0, l4 INTEGER NOT NULL DEFAULT 0,
    l5 INTEGER NOT NULL DEFAULT 0, l6 INTEGER NOT NULL DEFAULT 0, l7 INTEGER NOT NULL DEFAULT 0, l8 INTEGER NOT NULL DEFAULT 0, l9 INTEGER NOT NULL DEFAULT 0,
    l10 INTEGER NOT NULL DEFAULT 0, l11 INTEGER NOT NULL DEFAULT 0, l12 INTEGER NOT NULL DEFAULT 0, l13 INTEGER NOT NULL DEFAULT 0, l14 INTEGER NOT NULL DEFAULT 0,
    l15 INTEGER NOT NULL DEFAULT 0, l16 INTEGER NOT NULL DEFAULT 0, l17 INTEGER NOT NULL DEFAULT 0, l18 INTEGER NOT NULL DEFAULT 0, l19 INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation, key, hour, api, route, status)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_reports_by_hour ON usage_reports (organisation, hour);

-- Tokens that nobody has, by their prefix ('-' where they have none that is ours), the caller's address ('-' where nobody said),
-- and hour. They belong to no organisation.
CREATE TABLE unknown_tokens (
    hour INTEGER NOT NULL,
    prefix TEXT NOT NULL,
    ip TEXT NOT NULL,
    count INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (hour, prefix, ip)
) STRICT, WITHOUT ROWID;

-- How far each part of a node's journal is rolled up: the number of the last batch, and where it ended in each shard. Written
-- together with the counts, so that a record is counted once.
CREATE TABLE journal_positions (
    node BLOB NOT NULL,
    part INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    position BLOB NOT NULL,
    PRIMARY KEY (node, part)
) STRICT, WITHOUT ROWID;

-- What a node could not record, or not note among the recent requests, since its data directory was made.
CREATE TABLE journal_losses (
    node BLOB PRIMARY KEY,
    dropped INTEGER NOT NULL,
    unlogged INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- The same by the hour in which it was noticed.
CREATE TABLE usage_losses (
    hour INTEGER NOT NULL,
    node BLOB NOT NULL,
    dropped INTEGER NOT NULL,
    unlogged INTEGER NOT NULL,
    PRIMARY KEY (hour, node)
) STRICT, WITHOUT ROWID;

ALTER TABLE key_requests ADD COLUMN api TEXT;
ALTER TABLE key_requests ADD COLUMN route TEXT;
ALTER TABLE key_requests ADD COLUMN agent TEXT;
-- Microseconds until it was answered.
ALTER TABLE key_requests ADD COLUMN micros INTEGER;
ALTER TABLE keys ADD COLUMN last_used_agent TEXT;
