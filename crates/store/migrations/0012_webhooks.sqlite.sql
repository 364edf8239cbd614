-- Up to which end of a key it was told that keys have ended.
CREATE TABLE expiry_cursors (
    organisation BLOB PRIMARY KEY,
    ends_at INTEGER NOT NULL,
    key BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Where organisations want to be told of what happens.
CREATE TABLE webhooks (
    id BLOB PRIMARY KEY,
    organisation BLOB NOT NULL REFERENCES organisations (id),
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    -- JSON.
    events TEXT NOT NULL,
    active INTEGER NOT NULL,
    stopped TEXT,
    failing_since INTEGER,
    -- What messages are signed with, sealed under the organisation's data key; the one before, and until when it signs, too.
    secret BLOB NOT NULL,
    previous BLOB,
    previous_until INTEGER,
    -- Up to which record of the audit log messages are written.
    seq INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX webhooks_by_organisation ON webhooks (organisation, created_at, id);

-- Messages to webhooks, and what became of them.
CREATE TABLE webhook_messages (
    id BLOB PRIMARY KEY,
    webhook BLOB NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- waiting, delivered or failed.
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    -- While it waits: not to be sent before then.
    due_at INTEGER NOT NULL,
    -- What came of the last attempt.
    tried_at INTEGER,
    status INTEGER,
    took INTEGER,
    outcome TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_messages_by_webhook ON webhook_messages (webhook, created_at, id);
CREATE INDEX webhook_messages_by_due ON webhook_messages (due_at) WHERE state = 'waiting';
CREATE INDEX webhook_messages_by_age ON webhook_messages (created_at) WHERE state <> 'waiting';
