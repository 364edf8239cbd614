-- Retained tokens, sealed. A row is added at the end and, once erased, overwritten with as many zeroes in its place; it
-- never changes its size and never goes. Where rows grow or go, SQLite moves their neighbours between pages, and a copy
-- of what was moved may stay in the unused part of a page, where no later change of the row reaches it.
CREATE TABLE sealed_secrets (
    row INTEGER PRIMARY KEY,
    secret BLOB NOT NULL,
    data_key BLOB NOT NULL,
    ciphertext BLOB NOT NULL
) STRICT;
INSERT INTO sealed_secrets (secret, data_key, ciphertext)
    SELECT id, data_key, ciphertext FROM secrets WHERE data_key IS NOT NULL AND ciphertext IS NOT NULL;
CREATE INDEX sealed_secrets_by_secret ON sealed_secrets (secret);
CREATE INDEX sealed_secrets_by_data_key ON sealed_secrets (data_key);
ALTER TABLE secrets DROP COLUMN ciphertext;

-- Without a reference to another table, so that a DELETE of all rows is a clearing of whole pages.
CREATE TABLE kept_data_keys (
    id BLOB PRIMARY KEY,
    organisation BLOB NOT NULL,
    kek INTEGER NOT NULL,
    wrapped BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    -- 'token' or 'totp'
    purpose TEXT NOT NULL
) STRICT;
INSERT INTO kept_data_keys (id, organisation, kek, wrapped, created_at, purpose)
    SELECT id, organisation, kek, wrapped, created_at, purpose FROM data_keys;
DROP TABLE data_keys;
ALTER TABLE kept_data_keys RENAME TO data_keys;
CREATE INDEX data_keys_by_organisation ON data_keys (organisation, created_at);

-- Data keys that are gone while tokens sealed by them still wait to be overwritten.
CREATE TABLE destroyed_data_keys (
    id BLOB PRIMARY KEY,
    organisation BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Where a chain begins whose older records were pruned: signed, so that nobody can begin it elsewhere.
CREATE TABLE audit_bases (
    organisation BLOB PRIMARY KEY,
    -- The last record that was pruned, and its hash.
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    at INTEGER NOT NULL,
    -- How long records were kept by the policy of then.
    kept TEXT NOT NULL,
    signature TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What is too old is looked for in one organisation at a time.
DROP INDEX key_requests_by_age;
CREATE INDEX key_requests_by_age ON key_requests (organisation, at);
