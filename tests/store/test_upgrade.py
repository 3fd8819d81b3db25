"""A database of the release before, with data in it, is brought forward and loses nothing."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from config.installation import DatabaseRole, Postgres
from config.policy import policy
from store import clients, fixes, trucks
from store.directory import TruckDirectory
from store.migrate import MIGRATIONS_DIR, migrate
from store.postgres import as_tenant, open_pool
from tests.conftest import Server

# The only migration that release 0.1.0 had.
RELEASED = ("0001_foundation.sql",)
FIRST_FIX = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
DATA = """
    INSERT INTO tenants (id, name) VALUES ('old', 'Old Customer');
    INSERT INTO oauth_clients (tenant_key, id, secret_hash, role, permissions)
        SELECT key, 'old-viewer', 'hash', 'viewer', '{trucks:read}' FROM tenants;
    INSERT INTO trucks (tenant_key, id, registration)
        SELECT key, truck, 'MH12' FROM tenants, unnest(ARRAY['KEPT', 'GONE']) truck;
    INSERT INTO device_credentials (truck_key, tenant_key, secret_hash)
        SELECT key, tenant_key, 'device-hash' FROM trucks;
    UPDATE trucks SET deleted_at = now() WHERE id = 'GONE';
    INSERT INTO fences (tenant_key, id, name, shape)
        SELECT key, 'depot', 'Depot', '{"center": {"lat": 19, "lon": 72}, "radius_m": 100}'
        FROM tenants;
    SELECT ensure_fix_partition('2026-11-01');
    INSERT INTO fixes (truck_key, ts, received_at, lat, lon, batch, tenant_key, shard)
        SELECT key, '2026-11-01T06:00Z', now(), 19, 72, 1, tenant_key, 0 FROM trucks
        WHERE id = 'KEPT';
"""


async def test_what_the_release_before_stored_is_there_afterwards(
    server: Server, empty_database: Postgres, tmp_path: Path
) -> None:
    released = tmp_path / "released"
    released.mkdir()
    for name in RELEASED:
        shutil.copy(MIGRATIONS_DIR / name, released)
    storage = policy().storage
    await migrate(empty_database, storage, released)
    superuser = await asyncpg.connect(server.superuser_dsn, database=empty_database.database)
    try:
        await superuser.execute(DATA)
        tenant_key = await superuser.fetchval("SELECT key FROM tenants")
    finally:
        await superuser.close()

    done = await migrate(empty_database, storage)

    assert len(done) == len(list(MIGRATIONS_DIR.glob("*.sql"))) - len(RELEASED)
    system = await open_pool(empty_database, DatabaseRole.SYSTEM, storage.system_pool, storage)
    app = await open_pool(empty_database, DatabaseRole.APP, storage.app_pool, storage)
    async with system, app:
        async with system.acquire() as conn:
            client = await clients.find(conn, "old-viewer")
        assert client is not None
        assert (client.secret_hash, client.roles) == ("hash", ("viewer",))
        directory = TruckDirectory()
        await directory.refresh(system)
        assert set(directory.by_name) == {("old", "KEPT")}
        assert directory.by_name["old", "KEPT"].hashes_at(datetime.now(UTC)) == ("device-hash",)
        async with as_tenant(app, tenant_key) as conn:
            assert [truck.id for truck in await trucks.list_page(conn, None, 10)] == ["KEPT"]
            assert await conn.fetchval("SELECT array_agg(id) FROM fences") == ["depot"]
        async with app.acquire() as conn:
            last = await fixes.last_fix_of(conn, tenant_key, "KEPT", None)
        assert last is not None
        assert last.ts_ms == FIRST_FIX.timestamp() * 1000
