-- What was lately asked of keys: a bounded number of each.
CREATE TABLE key_requests (
    id UUID PRIMARY KEY,
    organisation UUID NOT NULL REFERENCES organisations (id),
    -- No reference: what is counted may be written after its key was erased.
    key UUID NOT NULL,
    at BIGINT NOT NULL,
    code TEXT NOT NULL,
    -- By which way the token came; none when a program handed it over.
    source TEXT,
    ip TEXT
);
CREATE INDEX key_requests_by_key ON key_requests (key, at, id);
CREATE INDEX key_requests_by_age ON key_requests (at);
