-- The morning on which it was last looked for keys that end: days since 1970-01-01, by the calendar of the policy's zone.
CREATE TABLE reminder_rounds (
    organisation BLOB PRIMARY KEY,
    day INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Of which end of a key, and of which threshold before it, it was told last.
CREATE TABLE reminders (
    key BLOB PRIMARY KEY,
    organisation BLOB NOT NULL,
    ends_at INTEGER NOT NULL,
    days INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Up to which record of its audit log an organisation's letters are written. Whoever has been told nothing so far is not told of the past.
CREATE TABLE mail_cursors (
    organisation BLOB PRIMARY KEY,
    seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO mail_cursors (organisation, seq) SELECT organisation, seq FROM audit_heads;

-- Letters that are to be sent.
CREATE TABLE letters (
    id BLOB PRIMARY KEY,
    organisation BLOB NOT NULL,
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    -- The same in lower case.
    recipient_key TEXT NOT NULL,
    -- What it is about, as JSON.
    about TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    -- Not to be sent before then: somebody is about to, or the mail server was asked in vain.
    due_at INTEGER NOT NULL,
    in_hand INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX letters_by_recipient ON letters (organisation, recipient_key, kind);
CREATE INDEX letters_by_due ON letters (due_at);
