-- The keys that were used most on each day (UTC), of each API and of all ('*'), so that a year's need not be looked for among
-- all keys. A worker keeps it.
CREATE TABLE usage_tops (
    organisation UUID NOT NULL,
    api TEXT NOT NULL,
    day BIGINT NOT NULL,
    key UUID NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (organisation, api, day, key)
);
CREATE INDEX usage_tops_by_key ON usage_tops (organisation, key);

-- What applications report, of all keys of an organisation together. A grain is h or d.
CREATE TABLE report_totals (
    organisation UUID NOT NULL,
    grain TEXT NOT NULL,
    start BIGINT NOT NULL,
    api TEXT NOT NULL,
    status BIGINT NOT NULL,
    count BIGINT NOT NULL,
    micros BIGINT NOT NULL DEFAULT 0,
    l0 BIGINT NOT NULL DEFAULT 0, l1 BIGINT NOT NULL DEFAULT 0, l2 BIGINT NOT NULL DEFAULT 0, l3 BIGINT NOT NULL DEFAULT 0, l4 BIGINT NOT NULL DEFAULT 0,
    l5 BIGINT NOT NULL DEFAULT 0, l6 BIGINT NOT NULL DEFAULT 0, l7 BIGINT NOT NULL DEFAULT 0, l8 BIGINT NOT NULL DEFAULT 0, l9 BIGINT NOT NULL DEFAULT 0,
    l10 BIGINT NOT NULL DEFAULT 0, l11 BIGINT NOT NULL DEFAULT 0, l12 BIGINT NOT NULL DEFAULT 0, l13 BIGINT NOT NULL DEFAULT 0, l14 BIGINT NOT NULL DEFAULT 0,
    l15 BIGINT NOT NULL DEFAULT 0, l16 BIGINT NOT NULL DEFAULT 0, l17 BIGINT NOT NULL DEFAULT 0, l18 BIGINT NOT NULL DEFAULT 0, l19 BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation, grain, start, api, status)
);
INSERT INTO report_totals (organisation, grain, start, api, status, count, micros, l0, l1, l2, l3, l4, l5, l6, l7, l8, l9, l10, l11, l12, l13, l14, l15, l16, l17, l18, l19)
    SELECT organisation, 'h', hour, api, status, SUM(count), SUM(micros), SUM(l0), SUM(l1), SUM(l2), SUM(l3), SUM(l4), SUM(l5), SUM(l6), SUM(l7), SUM(l8), SUM(l9), SUM(l10), SUM(l11), SUM(l12), SUM(l13), SUM(l14), SUM(l15), SUM(l16), SUM(l17), SUM(l18), SUM(l19)
    FROM usage_reports GROUP BY organisation, hour, api, status;
INSERT INTO report_totals (organisation, grain, start, api, status, count, micros, l0, l1, l2, l3, l4, l5, l6, l7, l8, l9, l10, l11, l12, l13, l14, l15, l16, l17, l18, l19)
    SELECT organisation, 'd', hour - hour % 86400000000, api, status, SUM(count), SUM(micros), SUM(l0), SUM(l1), SUM(l2), SUM(l3), SUM(l4), SUM(l5), SUM(l6), SUM(l7), SUM(l8), SUM(l9), SUM(l10), SUM(l11), SUM(l12), SUM(l13), SUM(l14), SUM(l15), SUM(l16), SUM(l17), SUM(l18), SUM(l19)
    FROM usage_reports GROUP BY organisation, hour - hour % 86400000000, api, status;

-- The same of each key by the day, so that the chart of a key or an account reads days as the others do.
CREATE TABLE report_days (
    organisation UUID NOT NULL,
    key UUID NOT NULL,
    day BIGINT NOT NULL,
    api TEXT NOT NULL,
    status BIGINT NOT NULL,
    count BIGINT NOT NULL,
    micros BIGINT NOT NULL DEFAULT 0,
    l0 BIGINT NOT NULL DEFAULT 0, l1 BIGINT NOT NULL DEFAULT 0, l2 BIGINT NOT NULL DEFAULT 0, l3 BIGINT NOT NULL DEFAULT 0, l4 BIGINT NOT NULL DEFAULT 0,
    l5 BIGINT NOT NULL DEFAULT 0, l6 BIGINT NOT NULL DEFAULT 0, l7 BIGINT NOT NULL DEFAULT 0, l8 BIGINT NOT NULL DEFAULT 0, l9 BIGINT NOT NULL DEFAULT 0,
    l10 BIGINT NOT NULL DEFAULT 0, l11 BIGINT NOT NULL DEFAULT 0, l12 BIGINT NOT NULL DEFAULT 0, l13 BIGINT NOT NULL DEFAULT 0, l14 BIGINT NOT NULL DEFAULT 0,
    l15 BIGINT NOT NULL DEFAULT 0, l16 BIGINT NOT NULL DEFAULT 0, l17 BIGINT NOT NULL DEFAULT 0, l18 BIGINT NOT NULL DEFAULT 0, l19 BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation, key, day, api, status)
);
CREATE INDEX report_days_by_day ON report_days (organisation, day);
INSERT INTO report_days (organisation, key, day, api, status, count, micros, l0, l1, l2, l3, l4, l5, l6, l7, l8, l9, l10, l11, l12, l13, l14, l15, l16, l17, l18, l19)
    SELECT organisation, key, hour - hour % 86400000000, api, status, SUM(count), SUM(micros), SUM(l0), SUM(l1), SUM(l2), SUM(l3), SUM(l4), SUM(l5), SUM(l6), SUM(l7), SUM(l8), SUM(l9), SUM(l10), SUM(l11), SUM(l12), SUM(l13), SUM(l14), SUM(l15), SUM(l16), SUM(l17), SUM(l18), SUM(l19)
    FROM usage_reports GROUP BY organisation, key, hour - hour % 86400000000, api, status;
