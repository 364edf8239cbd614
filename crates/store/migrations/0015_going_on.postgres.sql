-- How long a node goes on after its lease with what it has in memory, in milliseconds; 0 for not at all.
ALTER TABLE nodes ADD COLUMN stale BIGINT NOT NULL DEFAULT 0;
-- What its keyring holds: versions and fingerprints. Empty of an older Claviger.
ALTER TABLE nodes ADD COLUMN secrets TEXT NOT NULL DEFAULT '';
