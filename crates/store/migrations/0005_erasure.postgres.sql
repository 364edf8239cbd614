-- Retained tokens, sealed; a row goes when its token is erased.
CREATE TABLE sealed_secrets (
    secret UUID PRIMARY KEY,
    data_key UUID NOT NULL,
    ciphertext BYTEA NOT NULL
);
INSERT INTO sealed_secrets (secret, data_key, ciphertext)
    SELECT id, data_key, ciphertext FROM secrets WHERE data_key IS NOT NULL AND ciphertext IS NOT NULL;
CREATE INDEX sealed_secrets_by_data_key ON sealed_secrets (data_key);
ALTER TABLE secrets DROP COLUMN ciphertext;

-- Data keys that are gone while tokens sealed by them still wait to be deleted.
CREATE TABLE destroyed_data_keys (
    id UUID PRIMARY KEY,
    organisation UUID NOT NULL
);

-- Where a chain begins whose older records were pruned: signed, so that nobody can begin it elsewhere.
CREATE TABLE audit_bases (
    organisation UUID PRIMARY KEY,
    -- The last record that was pruned, and its hash.
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    at BIGINT NOT NULL,
    -- How long records were kept by the policy of then.
    kept TEXT COLLATE "C" NOT NULL,
    signature TEXT COLLATE "C" NOT NULL
);

-- What is too old is looked for in one organisation at a time.
DROP INDEX key_requests_by_age;
CREATE INDEX key_requests_by_age ON key_requests (organisation, at);
