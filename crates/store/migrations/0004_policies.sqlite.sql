-- Every version of an organisation's policy, and who made it. The organisation's own row has the one that holds.
ALTER TABLE organisations ADD COLUMN policy_version INTEGER NOT NULL DEFAULT 1;
CREATE TABLE policy_versions (
    organisation BLOB NOT NULL REFERENCES organisations (id),
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    author TEXT NOT NULL,
    policy TEXT NOT NULL,
    -- What it changed of the version before.
    changes TEXT NOT NULL,
    -- The preset that it goes back to, and whether it is that one's application.
    preset TEXT,
    applied INTEGER NOT NULL,
    PRIMARY KEY (organisation, version)
) STRICT, WITHOUT ROWID;
-- What came before was not written down.
INSERT INTO policy_versions (organisation, version, at, author, policy, changes, preset, applied)
    SELECT id, 1, CAST(unixepoch('subsec') * 1000000 AS INTEGER), '{"type":"system","name":"upgrade"}', policy, '{}', NULL, 0
    FROM organisations;

-- For counting what a narrower policy would touch.
CREATE INDEX keys_by_owner_life ON keys (organisation, owner_kind, owner_id, deleted_at, revoked_at, expires_at);
CREATE INDEX keys_by_rotation ON keys (organisation, rotated_at);
CREATE INDEX secrets_kept ON secrets (organisation, key) WHERE data_key IS NOT NULL;
CREATE INDEX key_requests_by_source ON key_requests (organisation, source, key) WHERE source IS NOT NULL;
CREATE INDEX usage_hours_by_hour ON usage_hours (organisation, hour);
