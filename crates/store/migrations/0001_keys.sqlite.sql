CREATE TABLE organisations (
    id BLOB PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    policy TEXT NOT NULL,
    -- The number of the youngest key; numbers are never used twice.
    keys_made INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE keys (
    -- The row number is what the search index knows a key by.
    row INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    organisation BLOB NOT NULL REFERENCES organisations (id),
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    -- The name in lower case, for sorting.
    name_sort TEXT NOT NULL,
    description TEXT NOT NULL,
    -- Name, description and display form in lower case, for searching.
    search TEXT NOT NULL,
    owner_kind TEXT NOT NULL,
    owner_id BLOB NOT NULL,
    permissions TEXT NOT NULL,
    networks TEXT NOT NULL,
    tags TEXT NOT NULL,
    metadata TEXT NOT NULL,
    contacts TEXT NOT NULL,
    display TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    protected INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    revoked_reason TEXT,
    revoked_by TEXT,
    deleted_at INTEGER,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    created_by_name TEXT NOT NULL,
    rotated_at INTEGER NOT NULL,
    last_used_at INTEGER,
    last_used_ip TEXT,
    version INTEGER NOT NULL,
    -- By what lists are sorted: without an end comes last, without a use first.
    end_sort INTEGER NOT NULL GENERATED ALWAYS AS (COALESCE(expires_at, 9223372036854775807)) VIRTUAL,
    use_sort INTEGER NOT NULL GENERATED ALWAYS AS (COALESCE(last_used_at, 0)) VIRTUAL
) STRICT;

CREATE UNIQUE INDEX keys_by_number ON keys (organisation, number);
CREATE INDEX keys_by_created ON keys (organisation, created_at, id);
CREATE INDEX keys_by_name ON keys (organisation, name_sort, id);
CREATE INDEX keys_by_expiry ON keys (organisation, end_sort, id);
CREATE INDEX keys_by_creator ON keys (organisation, created_by_name, id);
CREATE INDEX keys_by_use ON keys (organisation, use_sort, id);
-- Covers the count of keys by status.
CREATE INDEX keys_by_state ON keys (organisation, deleted_at, revoked_at, enabled, expires_at);

-- Exact words to filter by: kind is 'tag' or 'permission'.
CREATE TABLE key_labels (
    organisation BLOB NOT NULL,
    kind TEXT NOT NULL,
    label TEXT NOT NULL,
    key BLOB NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    PRIMARY KEY (organisation, kind, label, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX key_labels_by_key ON key_labels (key);

-- Trigrams of keys.search. It keeps no text and no positions: what it finds is checked against keys.search.
CREATE VIRTUAL TABLE key_search USING fts5 (
    text, tokenize = 'trigram case_sensitive 1', content = '', contentless_delete = 1, detail = none
);

CREATE TABLE secrets (
    id BLOB PRIMARY KEY,
    organisation BLOB NOT NULL REFERENCES organisations (id),
    key BLOB NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    digest BLOB NOT NULL UNIQUE,
    -- 'hmac' under a pepper, or 'sha256' as it came from another system.
    scheme TEXT NOT NULL,
    pepper INTEGER,
    display TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- None while it is the key's current secret.
    ends_at INTEGER,
    ciphertext BLOB,
    data_key BLOB
) STRICT;
CREATE INDEX secrets_by_key ON secrets (key, created_at);
CREATE UNIQUE INDEX secrets_current ON secrets (key) WHERE ends_at IS NULL;
CREATE INDEX secrets_by_pepper ON secrets (scheme, pepper);

-- Keys that encrypt an organisation's retained secrets, wrapped by a key-encryption key from the secrets file.
CREATE TABLE data_keys (
    id BLOB PRIMARY KEY,
    organisation BLOB NOT NULL REFERENCES organisations (id),
    kek INTEGER NOT NULL,
    wrapped BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX data_keys_by_organisation ON data_keys (organisation, created_at);

-- Prefixes under which tokens or hashes from elsewhere exist, so that our checksum proves nothing there; '*' is any.
CREATE TABLE foreign_prefixes (prefix TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

CREATE TABLE audit_records (
    organisation BLOB NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    action TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    target_kind TEXT NOT NULL,
    target_id TEXT NOT NULL,
    body BLOB NOT NULL,
    salt BLOB NOT NULL,
    payload BLOB,
    hash BLOB NOT NULL,
    PRIMARY KEY (organisation, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_by_target ON audit_records (organisation, target_id, seq);
CREATE INDEX audit_by_actor ON audit_records (organisation, actor_id, seq);
CREATE INDEX audit_by_action ON audit_records (organisation, action, seq);
CREATE INDEX audit_by_time ON audit_records (organisation, at, seq);

CREATE TABLE audit_heads (
    organisation BLOB PRIMARY KEY,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What a decision reads and has changed, in the order of the commits.
CREATE TABLE changes (
    seq INTEGER PRIMARY KEY,
    organisation BLOB NOT NULL,
    kind TEXT NOT NULL,
    ref BLOB
) STRICT;

CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO counters (name, value) VALUES ('changes', 0);

CREATE TABLE usage_hours (
    organisation BLOB NOT NULL,
    key BLOB NOT NULL,
    hour INTEGER NOT NULL,
    code TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (organisation, key, hour, code)
) STRICT, WITHOUT ROWID;

-- What was answered to a POST with an Idempotency-Key: the thing that was made or changed, never a secret.
CREATE TABLE idempotency (
    organisation BLOB NOT NULL,
    actor TEXT NOT NULL,
    token TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    target BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organisation, actor, token)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (created_at);

CREATE TABLE setup_links (
    digest BLOB PRIMARY KEY,
    organisation BLOB NOT NULL REFERENCES organisations (id),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
