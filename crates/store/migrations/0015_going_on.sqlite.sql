-- Nodes are of PostgreSQL.
SELECT 1;
