-- Credentials of devices, and who they are bound to.
SELECT 1;
