-- Users, clients, keys, tokens: who may speak for a tenant.
SELECT 1;
