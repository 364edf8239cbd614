-- Keys that were brought in without a token or hash of their own, by what their line in the file said: the same line again
-- is the same key, and no second one is made.
CREATE TABLE imported_keys (
    organisation BLOB NOT NULL REFERENCES organisations (id),
    identity BLOB NOT NULL,
    key BLOB NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    PRIMARY KEY (organisation, identity)
) STRICT, WITHOUT ROWID;
CREATE INDEX imported_keys_by_key ON imported_keys (key);

-- The trigrams of a whole batch are gathered in memory until its commit, instead of being written in pieces that are merged
-- again: a fifth of what indexing costs, measured at batches of 10,000 keys.
INSERT INTO key_search (key_search, rank) VALUES ('hashsize', 33554432);
