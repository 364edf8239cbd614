-- Nodes are of PostgreSQL: a SQLite file has one, which the lock on its directory names.
SELECT 1;
