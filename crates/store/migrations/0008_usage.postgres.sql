-- Answers by key, API ('' where none was named) and code. How long they took: l0 to l19 count those in each bucket of domain::latency,
-- micros is their sum. Minutes are kept for two days, hours and days for as long as the policy says.
CREATE TABLE usage_minutes (
    organisation UUID NOT NULL,
    key UUID NOT NULL,
    minute BIGINT NOT NULL,
    api TEXT COLLATE "C" NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    count BIGINT NOT NULL,
    micros BIGINT NOT NULL DEFAULT 0,
    l0 BIGINT NOT NULL DEFAULT 0, l1 BIGINT NOT NULL DEFAULT 0, l2 BIGINT NOT NULL DEFAULT 0, l3 BIGINT NOT NULL DEFAULT 0, l4 BIGINT NOT NULL DEFAULT 0,
    l5 BIGINT NOT NULL DEFAULT 0, l6 BIGINT NOT NULL DEFAULT 0, l7 BIGINT NOT NULL DEFAULT 0, l8 BIGINT NOT NULL DEFAULT 0, l9 BIGINT NOT NULL DEFAULT 0,
    l10 BIGINT NOT NULL DEFAULT 0, l11 BIGINT NOT NULL DEFAULT 0, l12 BIGINT NOT NULL DEFAULT 0, l13 BIGINT NOT NULL DEFAULT 0, l14 BIGINT NOT NULL DEFAULT 0,
    l15 BIGINT NOT NULL DEFAULT 0, l16 BIGINT NOT NULL DEFAULT 0, l17 BIGINT NOT NULL DEFAULT 0, l18 BIGINT NOT NULL DEFAULT 0, l19 BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation, key, minute, api, code)
);
CREATE INDEX usage_minutes_by_minute ON usage_minutes (minute);

ALTER TABLE usage_hours RENAME TO usage_hours_before;
ALTER INDEX usage_hours_pkey RENAME TO usage_hours_before_pkey;
DROP INDEX usage_hours_by_hour;
CREATE TABLE usage_hours (
    organisation UUID NOT NULL,
    key UUID NOT NULL,
    hour BIGINT NOT NULL,
    api TEXT COLLATE "C" NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    count BIGINT NOT NULL,
    micros BIGINT NOT NULL DEFAULT 0,
    l0 BIGINT NOT NULL DEFAULT 0, l1 BIGINT NOT NULL DEFAULT 0, l2 BIGINT NOT NULL DEFAULT 0, l3 BIGINT NOT NULL DEFAULT 0, l4 BIGINT NOT NULL DEFAULT 0,
    l5 BIGINT NOT NULL DEFAULT 0, l6 BIGINT NOT NULL DEFAULT 0, l7 BIGINT NOT NULL DEFAULT 0, l8 BIGINT NOT NULL DEFAULT 0, l9 BIGINT NOT NULL DEFAULT 0,
    l10 BIGINT NOT NULL DEFAULT 0, l11 BIGINT NOT NULL DEFAULT 0, l12 BIGINT NOT NULL DEFAULT 0, l13 BIGINT NOT NULL DEFAULT 0, l14 BIGINT NOT NULL DEFAULT 0,
    l15 BIGINT NOT NULL DEFAULT 0, l16 BIGINT NOT NULL DEFAULT 0, l17 BIGINT NOT NULL DEFAULT 0, l18 BIGINT NOT NULL DEFAULT 0, l19 BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation, key, hour, api, code)
);
INSERT INTO usage_hours (organisation, key, hour, api, code, count)
    SELECT organisation, key, hour, '', code, count FROM usage_hours_before;
DROP TABLE usage_hours_before;
CREATE INDEX usage_hours_by_hour ON usage_hours (organisation, hour);

CREATE TABLE usage_days (
    organisation UUID NOT NULL,
    key UUID NOT NULL,
    day BIGINT NOT NULL,
    api TEXT COLLATE "C" NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    count BIGINT NOT NULL,
    micros BIGINT NOT NULL DEFAULT 0,
    l0 BIGINT NOT NULL DEFAULT 0, l1 BIGINT NOT NULL DEFAULT 0, l2 BIGINT NOT NULL DEFAULT 0, l3 BIGINT NOT NULL DEFAULT 0, l4 BIGINT NOT NULL DEFAULT 0,
    l5 BIGINT NOT NULL DEFAULT 0, l6 BIGINT NOT NULL DEFAULT 0, l7 BIGINT NOT NULL DEFAULT 0, l8 BIGINT NOT NULL DEFAULT 0, l9 BIGINT NOT NULL DEFAULT 0,
    l10 BIGINT NOT NULL DEFAULT 0, l11 BIGINT NOT NULL DEFAULT 0, l12 BIGINT NOT NULL DEFAULT 0, l13 BIGINT NOT NULL DEFAULT 0, l14 BIGINT NOT NULL DEFAULT 0,
    l15 BIGINT NOT NULL DEFAULT 0, l16 BIGINT NOT NULL DEFAULT 0, l17 BIGINT NOT NULL DEFAULT 0, l18 BIGINT NOT NULL DEFAULT 0, l19 BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation, key, day, api, code)
);
INSERT INTO usage_days (organisation, key, day, api, code, count)
    SELECT organisation, key, hour - hour % 86400000000, '', code, CAST(SUM(count) AS BIGINT) FROM usage_hours
    GROUP BY organisation, key, hour - hour % 86400000000, code;
CREATE INDEX usage_days_by_day ON usage_days (organisation, day);

-- The same of all keys of an organisation together, so that its charts, and those of its APIs, read few rows. A grain is m, h or d.
CREATE TABLE usage_totals (
    organisation UUID NOT NULL,
    grain TEXT COLLATE "C" NOT NULL,
    start BIGINT NOT NULL,
    api TEXT COLLATE "C" NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    count BIGINT NOT NULL,
    micros BIGINT NOT NULL DEFAULT 0,
    l0 BIGINT NOT NULL DEFAULT 0, l1 BIGINT NOT NULL DEFAULT 0, l2 BIGINT NOT NULL DEFAULT 0, l3 BIGINT NOT NULL DEFAULT 0, l4 BIGINT NOT NULL DEFAULT 0,
    l5 BIGINT NOT NULL DEFAULT 0, l6 BIGINT NOT NULL DEFAULT 0, l7 BIGINT NOT NULL DEFAULT 0, l8 BIGINT NOT NULL DEFAULT 0, l9 BIGINT NOT NULL DEFAULT 0,
    l10 BIGINT NOT NULL DEFAULT 0, l11 BIGINT NOT NULL DEFAULT 0, l12 BIGINT NOT NULL DEFAULT 0, l13 BIGINT NOT NULL DEFAULT 0, l14 BIGINT NOT NULL DEFAULT 0,
    l15 BIGINT NOT NULL DEFAULT 0, l16 BIGINT NOT NULL DEFAULT 0, l17 BIGINT NOT NULL DEFAULT 0, l18 BIGINT NOT NULL DEFAULT 0, l19 BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation, grain, start, api, code)
);
INSERT INTO usage_totals (organisation, grain, start, api, code, count)
    SELECT organisation, 'h', hour, '', code, CAST(SUM(count) AS BIGINT) FROM usage_hours GROUP BY organisation, hour, code;
INSERT INTO usage_totals (organisation, grain, start, api, code, count)
    SELECT organisation, 'd', day, '', code, CAST(SUM(count) AS BIGINT) FROM usage_days GROUP BY organisation, day, code;

-- What applications say of the requests that passed: the upstream's status, and how long it took.
CREATE TABLE usage_reports (
    organisation UUID NOT NULL,
    key UUID NOT NULL,
    hour BIGINT NOT NULL,
    api TEXT COLLATE "C" NOT NULL,
    -- Method and path template, or what the application calls it; '' where it does not say.
    route TEXT COLLATE "C" NOT NULL,
    status BIGINT NOT NULL,
    count BIGINT NOT NULL,
    micros BIGINT NOT NULL DEFAULT 0,
    l0 BIGINT NOT NULL DEFAULT 0, l1 BIGINT NOT NULL DEFAULT 0, l2 BIGINT NOT NULL DEFAULT 0, l3 BIGINT NOT NULL DEFAULT 0, l4 BIGINT NOT NULL DEFAULT 0,
    l5 BIGINT NOT NULL DEFAULT 0, l6 BIGINT NOT NULL DEFAULT 0, l7 BIGINT NOT NULL DEFAULT 0, l8 BIGINT NOT NULL DEFAULT 0, l9 BIGINT NOT NULL DEFAULT 0,
    l10 BIGINT NOT NULL DEFAULT 0, l11 BIGINT NOT NULL DEFAULT 0, l12 BIGINT NOT NULL DEFAULT 0, l13 BIGINT NOT NULL DEFAULT 0, l14 BIGINT NOT NULL DEFAULT 0,
    l15 BIGINT NOT NULL DEFAULT 0, l16 BIGINT NOT NULL DEFAULT 0, l17 BIGINT NOT NULL DEFAULT 0, l18 BIGINT NOT NULL DEFAULT 0, l19 BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation, key, hour, api, route, status)
);
CREATE INDEX usage_reports_by_hour ON usage_reports (organisation, hour);

-- Tokens that nobody has, by their prefix ('-' where they have none that is ours), the caller's address ('-' where nobody said),
-- and hour. They belong to no organisation.
CREATE TABLE unknown_tokens (
    hour BIGINT NOT NULL,
    prefix TEXT COLLATE "C" NOT NULL,
    ip TEXT COLLATE "C" NOT NULL,
    count BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (hour, prefix, ip)
);

-- How far each part of a node's journal is rolled up: the number of the last batch, and where it ended in each shard. Written
-- together with the counts, so that a record is counted once.
CREATE TABLE journal_positions (
    node UUID NOT NULL,
    part BIGINT NOT NULL,
    batch BIGINT NOT NULL,
    position BYTEA NOT NULL,
    PRIMARY KEY (node, part)
);

-- What a node could not record, or not note among the recent requests, since its data directory was made.
CREATE TABLE journal_losses (
    node UUID PRIMARY KEY,
    dropped BIGINT NOT NULL,
    unlogged BIGINT NOT NULL
);
-- The same by the hour in which it was noticed.
CREATE TABLE usage_losses (
    hour BIGINT NOT NULL,
    node UUID NOT NULL,
    dropped BIGINT NOT NULL,
    unlogged BIGINT NOT NULL,
    PRIMARY KEY (hour, node)
);

ALTER TABLE key_requests ADD COLUMN api TEXT;
ALTER TABLE key_requests ADD COLUMN route TEXT;
ALTER TABLE key_requests ADD COLUMN agent TEXT;
-- Microseconds until it was answered.
ALTER TABLE key_requests ADD COLUMN micros BIGINT;
ALTER TABLE keys ADD COLUMN last_used_agent TEXT;
