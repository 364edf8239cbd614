-- Keys that were brought in without a token or hash of their own, by what their line in the file said: the same line again
-- is the same key, and no second one is made.
CREATE TABLE imported_keys (
    organisation UUID NOT NULL REFERENCES organisations (id),
    identity BYTEA NOT NULL,
    key UUID NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    PRIMARY KEY (organisation, identity)
);
CREATE INDEX imported_keys_by_key ON imported_keys (key);
