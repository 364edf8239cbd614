-- Texts that are sorted or compared have the collation "C", so that both engines order them alike.
CREATE TABLE organisations (
    id UUID PRIMARY KEY,
    slug TEXT COLLATE "C" NOT NULL UNIQUE,
    name TEXT COLLATE "C" NOT NULL,
    status TEXT NOT NULL,
    policy TEXT NOT NULL,
    -- The number of the youngest key; numbers are never used twice.
    keys_made BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL
);

CREATE TABLE keys (
    id UUID PRIMARY KEY,
    organisation UUID NOT NULL REFERENCES organisations (id),
    number BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    -- The name in lower case, for sorting.
    name_sort TEXT COLLATE "C" NOT NULL,
    description TEXT NOT NULL,
    -- Name, description and display form in lower case, for searching.
    search TEXT NOT NULL,
    owner_kind TEXT NOT NULL,
    owner_id UUID NOT NULL,
    permissions TEXT NOT NULL,
    networks TEXT NOT NULL,
    tags TEXT NOT NULL,
    metadata TEXT NOT NULL,
    contacts TEXT NOT NULL,
    display TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    protected BOOLEAN NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    revoked_reason TEXT,
    revoked_by TEXT,
    deleted_at BIGINT,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_by_name TEXT COLLATE "C" NOT NULL,
    rotated_at BIGINT NOT NULL,
    last_used_at BIGINT,
    last_used_ip TEXT,
    version BIGINT NOT NULL
);

CREATE UNIQUE INDEX keys_by_number ON keys (organisation, number);
CREATE INDEX keys_by_created ON keys (organisation, created_at, id);
CREATE INDEX keys_by_name ON keys (organisation, name_sort, id);
CREATE INDEX keys_by_expiry ON keys (organisation, COALESCE(expires_at, 9223372036854775807), id);
CREATE INDEX keys_by_creator ON keys (organisation, created_by_name, id);
CREATE INDEX keys_by_use ON keys (organisation, COALESCE(last_used_at, 0), id);
-- Covers the count of keys by status.
CREATE INDEX keys_by_state ON keys (organisation, deleted_at, revoked_at, enabled, expires_at);

-- Exact words to filter by: kind is 'tag' or 'permission'.
CREATE TABLE key_labels (
    organisation UUID NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    label TEXT COLLATE "C" NOT NULL,
    key UUID NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    PRIMARY KEY (organisation, kind, label, key)
);
CREATE INDEX key_labels_by_key ON key_labels (key);

-- Trigrams of keys.search, for words of three characters and more.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX keys_by_search ON keys USING gin (search gin_trgm_ops);
-- Enough samples to tell a word in one of a thousand keys from one in a hundred: another plan is right for each.
ALTER TABLE keys ALTER COLUMN search SET STATISTICS 1000;

CREATE TABLE secrets (
    id UUID PRIMARY KEY,
    organisation UUID NOT NULL REFERENCES organisations (id),
    key UUID NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    digest BYTEA NOT NULL UNIQUE,
    -- 'hmac' under a pepper, or 'sha256' as it came from another system.
    scheme TEXT NOT NULL,
    pepper BIGINT,
    display TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- None while it is the key's current secret.
    ends_at BIGINT,
    ciphertext BYTEA,
    data_key UUID
);
CREATE INDEX secrets_by_key ON secrets (key, created_at);
CREATE UNIQUE INDEX secrets_current ON secrets (key) WHERE ends_at IS NULL;
CREATE INDEX secrets_by_pepper ON secrets (scheme, pepper);

-- Keys that encrypt an organisation's retained secrets, wrapped by a key-encryption key from the secrets file.
CREATE TABLE data_keys (
    id UUID PRIMARY KEY,
    organisation UUID NOT NULL REFERENCES organisations (id),
    kek BIGINT NOT NULL,
    wrapped BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX data_keys_by_organisation ON data_keys (organisation, created_at);

-- Prefixes under which tokens or hashes from elsewhere exist, so that our checksum proves nothing there; '*' is any.
CREATE TABLE foreign_prefixes (prefix TEXT COLLATE "C" PRIMARY KEY);

CREATE TABLE audit_records (
    organisation UUID NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT COLLATE "C" NOT NULL,
    target_kind TEXT NOT NULL,
    target_id TEXT COLLATE "C" NOT NULL,
    body BYTEA NOT NULL,
    salt BYTEA NOT NULL,
    payload BYTEA,
    hash BYTEA NOT NULL,
    PRIMARY KEY (organisation, seq)
);
CREATE INDEX audit_by_target ON audit_records (organisation, target_id, seq);
CREATE INDEX audit_by_actor ON audit_records (organisation, actor_id, seq);
CREATE INDEX audit_by_action ON audit_records (organisation, action, seq);
CREATE INDEX audit_by_time ON audit_records (organisation, at, seq);

CREATE TABLE audit_heads (
    organisation UUID PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL
);

-- What a decision reads and has changed, in the order of the commits.
CREATE TABLE changes (
    seq BIGINT PRIMARY KEY,
    organisation UUID NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    ref UUID
);

CREATE TABLE counters (name TEXT COLLATE "C" PRIMARY KEY, value BIGINT NOT NULL);
INSERT INTO counters (name, value) VALUES ('changes', 0);

CREATE TABLE usage_hours (
    organisation UUID NOT NULL,
    key UUID NOT NULL,
    hour BIGINT NOT NULL,
    code TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (organisation, key, hour, code)
);

-- What was answered to a POST with an Idempotency-Key: the thing that was made or changed, never a secret.
CREATE TABLE idempotency (
    organisation UUID NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    token TEXT COLLATE "C" NOT NULL,
    fingerprint BYTEA NOT NULL,
    target UUID NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organisation, actor, token)
);
CREATE INDEX idempotency_by_age ON idempotency (created_at);

CREATE TABLE setup_links (
    digest BYTEA PRIMARY KEY,
    organisation UUID NOT NULL REFERENCES organisations (id),
    expires_at BIGINT NOT NULL
);
