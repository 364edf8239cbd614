-- Counts an organisation's edits.
ALTER TABLE organisations ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

-- APIs that keys open: what they can be asked for, and for whom. An organisation keeps an API; others may be let in.
CREATE TABLE apis (
    id BLOB PRIMARY KEY,
    organisation BLOB NOT NULL REFERENCES organisations (id),
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    -- Off for everybody at once when false.
    enabled INTEGER NOT NULL,
    permissions TEXT NOT NULL,
    routes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX apis_by_slug ON apis (organisation, slug);

-- For whom an API is, or was, enabled; what was taken away stays known as unavailable.
CREATE TABLE api_organisations (
    organisation BLOB NOT NULL REFERENCES organisations (id),
    api BLOB NOT NULL REFERENCES apis (id) ON DELETE CASCADE,
    enabled INTEGER NOT NULL,
    PRIMARY KEY (organisation, api)
) STRICT, WITHOUT ROWID;
CREATE INDEX api_organisations_by_api ON api_organisations (api);

-- The organisation's own roles; the built-in ones are part of the program.
CREATE TABLE roles (
    id BLOB PRIMARY KEY,
    organisation BLOB NOT NULL REFERENCES organisations (id),
    name TEXT NOT NULL,
    -- The name in lower case: unique.
    name_key TEXT NOT NULL,
    description TEXT NOT NULL,
    -- Offered as a permission level.
    level INTEGER NOT NULL,
    -- The API to which it belongs; not honoured while that is not enabled.
    api BLOB REFERENCES apis (id),
    permissions TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX roles_by_name ON roles (organisation, name_key);

-- Who holds which role, to be asked from the role's side; the holder's own row has the list, too.
CREATE TABLE role_holders (
    organisation BLOB NOT NULL REFERENCES organisations (id),
    role BLOB NOT NULL,
    -- 'user', 'service_account' or 'key'
    kind TEXT NOT NULL,
    holder BLOB NOT NULL,
    PRIMARY KEY (organisation, role, kind, holder)
) STRICT, WITHOUT ROWID;
CREATE INDEX role_holders_by_holder ON role_holders (holder);

-- People.
CREATE TABLE users (
    id BLOB PRIMARY KEY,
    organisation BLOB NOT NULL REFERENCES organisations (id),
    email TEXT NOT NULL,
    -- The address in lower case: unique in its organisation.
    email_key TEXT NOT NULL,
    name TEXT NOT NULL,
    -- The name in lower case, for sorting; with the address, for searching.
    name_sort TEXT NOT NULL DEFAULT '',
    search TEXT NOT NULL DEFAULT '',
    -- 'invited', 'active' or 'disabled'
    status TEXT NOT NULL,
    -- May act in every organisation, and make them.
    operator INTEGER NOT NULL,
    roles TEXT NOT NULL,
    -- Argon2id, as a PHC string.
    password TEXT,
    -- Whether it is long enough to go without a second factor.
    password_alone INTEGER NOT NULL DEFAULT 0,
    -- The TOTP secret, sealed; one that is still to be confirmed stands beside it.
    totp BLOB,
    totp_pending BLOB,
    -- The last time step whose code was taken: none is taken twice.
    totp_step INTEGER NOT NULL,
    -- Issuer and subject at an OpenID provider.
    subject TEXT,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    last_sign_in_at INTEGER,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX users_by_email ON users (organisation, email_key);
CREATE INDEX users_by_address ON users (email_key);
CREATE UNIQUE INDEX users_by_subject ON users (subject) WHERE subject IS NOT NULL;
CREATE INDEX users_by_created ON users (organisation, created_at, id);

CREATE TABLE recovery_codes (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    digest BLOB NOT NULL,
    PRIMARY KEY (user_id, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    -- SHA-256 of the cookie's token.
    digest BLOB PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    organisation BLOB NOT NULL REFERENCES organisations (id),
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    -- When the user last showed who they are.
    proven_at INTEGER NOT NULL,
    -- 'password', 'password+totp', 'password+recovery', 'link' or 'oidc'
    method TEXT NOT NULL,
    ip TEXT,
    agent TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (user_id, created_at);
CREATE INDEX sessions_by_end ON sessions (ends_at);

-- Links for one use: to accept an invitation, or to choose a new password.
CREATE TABLE user_links (
    digest BLOB PRIMARY KEY,
    organisation BLOB NOT NULL REFERENCES organisations (id),
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- 'invitation' or 'recovery'
    purpose TEXT NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX user_links_by_user ON user_links (user_id);
CREATE INDEX user_links_by_end ON user_links (ends_at);

-- What a data key encrypts: retained tokens ('token'), or the secrets of second factors ('totp'), which must outlive them.
ALTER TABLE data_keys ADD COLUMN purpose TEXT NOT NULL DEFAULT 'token';

-- Systems that keys stand for.
CREATE TABLE service_accounts (
    id BLOB PRIMARY KEY,
    organisation BLOB NOT NULL REFERENCES organisations (id),
    name TEXT NOT NULL,
    name_sort TEXT NOT NULL,
    username TEXT NOT NULL,
    -- The username in lower case: unique in its organisation, for ever.
    username_key TEXT NOT NULL,
    email TEXT,
    email_key TEXT,
    partner TEXT NOT NULL,
    partner_key TEXT NOT NULL,
    -- The user who answers for it; none is an orphan.
    owner BLOB REFERENCES users (id),
    purpose TEXT NOT NULL,
    tags TEXT NOT NULL,
    roles TEXT NOT NULL,
    active INTEGER NOT NULL,
    deleted_at INTEGER,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    -- Name, username, email, partner and purpose in lower case, for searching.
    search TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX service_accounts_by_username ON service_accounts (organisation, username_key);
CREATE INDEX service_accounts_by_created ON service_accounts (organisation, created_at, id);
CREATE INDEX service_accounts_by_name ON service_accounts (organisation, name_sort, id);
CREATE INDEX service_accounts_by_partner ON service_accounts (organisation, partner_key, id);
CREATE INDEX service_accounts_by_email ON service_accounts (organisation, email_key) WHERE email_key IS NOT NULL;
CREATE INDEX service_accounts_by_owner ON service_accounts (owner);

-- Every username that a service account ever had, in lower case, so that none is given to another.
CREATE TABLE account_usernames (
    organisation BLOB NOT NULL REFERENCES organisations (id),
    username_key TEXT NOT NULL,
    account BLOB NOT NULL,
    PRIMARY KEY (organisation, username_key)
) STRICT, WITHOUT ROWID;

ALTER TABLE keys ADD COLUMN roles TEXT NOT NULL DEFAULT '[]';
CREATE INDEX keys_by_owner ON keys (organisation, owner_id, created_at, id);
