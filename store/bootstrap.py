"""Make an empty Postgres server ours: the four roles, the database, who may connect."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

import asyncpg

from config.installation import DatabaseRole, Postgres

# Two processes that bootstrap one server at once take turns.
BOOTSTRAP_LOCK = (20267, 3)
SCRAM_ITERATIONS = 4096

# COPY FROM is refused under row level security, and shards serve all tenants: these two pass it by
# and are held by narrow grants instead (store/migrations).
ACROSS_TENANTS = frozenset({DatabaseRole.TELEMETRY, DatabaseRole.SYSTEM})


async def bootstrap(superuser_dsn: str, where: Postgres) -> None:
    """Create or repair roles and database; safe to run on every start."""
    server = await asyncpg.connect(superuser_dsn)
    try:
        await server.execute("SELECT pg_advisory_lock($1, $2)", *BOOTSTRAP_LOCK)
        known = {row["rolname"] for row in await server.fetch("SELECT rolname FROM pg_roles")}
        for role in DatabaseRole:
            await server.execute(_role_sql(role, where, exists=role.value in known))
        await _ensure_database(server, where.database)
    finally:
        await server.close()


def _role_sql(role: DatabaseRole, where: Postgres, *, exists: bool) -> str:
    verifier = scram_verifier(where.passwords[role].get_secret_value())
    verb = "ALTER" if exists else "CREATE"
    passes = "BYPASSRLS" if role in ACROSS_TENANTS else "NOBYPASSRLS"
    return (
        f"{verb} ROLE {role.value} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE {passes} "
        f"PASSWORD '{verifier}'"
    )


async def _ensure_database(server: asyncpg.Connection[asyncpg.Record], database: str) -> None:
    name = '"' + database.replace('"', '""') + '"'
    if not await server.fetchval("SELECT true FROM pg_database WHERE datname = $1", database):
        owner = DatabaseRole.OWNER.value
        await server.execute(f"CREATE DATABASE {name} OWNER {owner} TEMPLATE template0")
    await server.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
    roles = ", ".join(role.value for role in DatabaseRole)
    await server.execute(f"GRANT CONNECT ON DATABASE {name} TO {roles}")


def scram_verifier(password: str) -> str:
    """What Postgres stores for a password, made here so that no log ever holds the password."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (
        base64.b64encode(part).decode() for part in (salt, stored, server)
    )
    return f"SCRAM-SHA-256${SCRAM_ITERATIONS}:{salt64}${stored64}:{server64}"
