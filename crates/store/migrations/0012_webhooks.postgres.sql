-- Up to which end of a key it was told that keys have ended.
CREATE TABLE expiry_cursors (
    organisation UUID PRIMARY KEY,
    ends_at BIGINT NOT NULL,
    key UUID NOT NULL
);

-- Where organisations want to be told of what happens.
CREATE TABLE webhooks (
    id UUID PRIMARY KEY,
    organisation UUID NOT NULL REFERENCES organisations (id),
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    -- JSON.
    events TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    stopped TEXT,
    failing_since BIGINT,
    -- What messages are signed with, sealed under the organisation's data key; the one before, and until when it signs, too.
    secret BYTEA NOT NULL,
    previous BYTEA,
    previous_until BIGINT,
    -- Up to which record of the audit log messages are written.
    seq BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX webhooks_by_organisation ON webhooks (organisation, created_at, id);

-- Messages to webhooks, and what became of them.
CREATE TABLE webhook_messages (
    id UUID PRIMARY KEY,
    webhook UUID NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- waiting, delivered or failed.
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    -- While it waits: not to be sent before then.
    due_at BIGINT NOT NULL,
    -- What came of the last attempt.
    tried_at BIGINT,
    status BIGINT,
    took BIGINT,
    outcome TEXT
);
CREATE INDEX webhook_messages_by_webhook ON webhook_messages (webhook, created_at, id);
CREATE INDEX webhook_messages_by_due ON webhook_messages (due_at) WHERE state = 'waiting';
CREATE INDEX webhook_messages_by_age ON webhook_messages (created_at) WHERE state <> 'waiting';
