"""Nobody sees or touches more than their role and tenant allow, whatever table is added later."""

from __future__ import annotations

import secrets

import asyncpg
import pytest

from store import fences, fixes, rejections, trucks
from store.bootstrap import ACROSS_TENANTS
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.rejections import Rejection
from store.tenants import Tenant
from tests.store.fix_arrays import START_MS, bare_fixes
from tests.store.grants import GRANTS

TABLES = """
    SELECT c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relispartition
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname !~ '^(pg_|information_schema$)'
"""
ROLES = ("ubertruck_app", "ubertruck_telemetry", "ubertruck_system")


async def add_truck(app: AnyPool, tenant: Tenant, truck_id: str) -> int:
    async with as_tenant(app, tenant.key) as conn:
        truck = await trucks.create(
            conn,
            tenant.key,
            id=truck_id,
            registration=None,
            truck_class=None,
            capacity_t=None,
            secret_hash="hash",
        )
    return truck.key


async def add_fix(telemetry: AnyPool, tenant: Tenant, truck_key: int) -> None:
    given = bare_fixes(tenant.key, truck_key, [START_MS])
    async with telemetry.acquire() as conn:
        await fixes.ensure_partitions(conn, fixes.days_of(given))
        await fixes.copy_new(conn, given, {}, 9_000, 1)


async def test_every_table_forces_row_level_security(
    telemetry: AnyPool, superuser: AnyConnection, app: AnyPool, tenant: Tenant
) -> None:
    await add_fix(telemetry, tenant, await add_truck(app, tenant, "T"))

    tables = await superuser.fetch(TABLES)

    lacking = [
        row["relname"]
        for row in tables
        if not (row["relrowsecurity"] and row["relforcerowsecurity"])
    ]
    assert lacking == []
    assert any(row["relispartition"] for row in tables), "the check must have seen a partition"


async def test_every_partition_has_the_tenants_policy(
    telemetry: AnyPool, superuser: AnyConnection, app: AnyPool, tenant: Tenant
) -> None:
    await add_fix(telemetry, tenant, await add_truck(app, tenant, "T"))

    bare = await superuser.fetch(
        f"SELECT relname FROM ({TABLES}) t WHERE relispartition AND NOT EXISTS "
        "(SELECT FROM pg_policy p WHERE p.polrelid = t.oid AND polname = 'own_tenant')"
    )

    assert bare == []


@pytest.mark.parametrize("role", ROLES)
async def test_roles_hold_the_written_grants_and_no_others(
    superuser: AnyConnection, role: str
) -> None:
    rows = await superuser.fetch(
        f"""
        SELECT relname, privilege FROM ({TABLES}) t,
            unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES',
                'TRIGGER']) AS privilege
        WHERE CASE WHEN privilege IN ('DELETE', 'TRUNCATE', 'TRIGGER')
            THEN has_table_privilege($1, oid, privilege)
            ELSE has_any_column_privilege($1, oid, privilege) END
        """,
        role,
    )

    held: dict[str, set[str]] = {}
    for row in rows:
        held.setdefault(row["relname"], set()).add(row["privilege"])
    assert GRANTS[role] == held


async def test_only_the_two_inner_roles_pass_by_row_level_security(
    superuser: AnyConnection,
) -> None:
    rows = await superuser.fetch(
        "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname ~ '^ubertruck_'"
    )

    assert {role.value for role in ACROSS_TENANTS} == {
        row["rolname"] for row in rows if row["rolbypassrls"]
    }
    assert not any(row["rolsuper"] for row in rows)


async def test_without_a_tenant_nothing_is_seen(
    app: AnyPool, telemetry: AnyPool, tenant: Tenant, superuser: AnyConnection
) -> None:
    await add_fix(telemetry, tenant, await add_truck(app, tenant, "T"))
    assert await superuser.fetchval("SELECT count(*) FROM fixes") > 0

    async with app.acquire() as conn:
        counts = {
            table: await conn.fetchval(f"SELECT count(*) FROM {table}")
            for table, rights in GRANTS["ubertruck_app"].items()
            if "SELECT" in rights
        }

    assert set(counts.values()) == {0}


async def test_the_last_fix_is_the_tenants_own_and_leaves_no_tenant_behind(
    app: AnyPool, telemetry: AnyPool, tenant: Tenant, other_tenant: Tenant
) -> None:
    mine = await add_truck(app, tenant, "SAME")
    await add_truck(app, other_tenant, "SAME")
    await add_truck(app, other_tenant, "THEIRS")
    await add_fix(telemetry, tenant, mine)

    async with app.acquire() as conn:
        found = await fixes.last_fix_of(conn, tenant.key, "SAME")
        assert found is not None
        assert found.ts_ms == START_MS
        assert await fixes.last_fix_of(conn, other_tenant.key, "SAME") is None
        assert await fixes.last_fix_of(conn, tenant.key, "THEIRS") is None
        assert await conn.fetchval("SELECT count(*) FROM trucks") == 0


async def test_a_tenant_sees_and_changes_only_its_own(
    app: AnyPool, telemetry: AnyPool, tenant: Tenant, other_tenant: Tenant
) -> None:
    my_key = await add_truck(app, tenant, "T")
    their_key = await add_truck(app, other_tenant, "T")
    for owner, key in ((tenant, my_key), (other_tenant, their_key)):
        await add_fix(telemetry, owner, key)
    row = Rejection(other_tenant.id, "T", "topic", "reason", "", b"raw", START_MS)
    async with telemetry.acquire() as conn:
        await rejections.insert_many(conn, [row])

    async with as_tenant(app, tenant.key) as conn:
        assert [my_key] == [truck.key for truck in await trucks.list_page(conn, None, 10)]
        assert await fixes.track(conn, their_key, 0, START_MS + 1, 10) == []
        assert len(await fixes.track(conn, my_key, 0, START_MS + 1, 10)) == 1
        assert await rejections.list_page(conn, limit=10) == []
        assert await conn.fetchval("SELECT array_agg(id) FROM tenants") == [tenant.id]
        changed = await conn.execute(
            "UPDATE trucks SET registration = 'X' WHERE key = $1", their_key
        )
        assert changed == "UPDATE 0"


async def test_a_tenant_cannot_write_for_another(
    app: AnyPool, tenant: Tenant, other_tenant: Tenant
) -> None:
    async def plant() -> None:
        async with as_tenant(app, tenant.key) as conn:
            await fences.create(
                conn, other_tenant.key, id="F", name="F", kind=None, shape={"type": "Polygon"}
            )

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await plant()


async def test_the_tenant_ends_with_its_transaction(app: AnyPool, tenant: Tenant) -> None:
    async with as_tenant(app, tenant.key) as conn:
        pid = conn.get_server_pid()
        assert await conn.fetchval("SELECT current_tenant_key()") == tenant.key

    async with app.acquire() as conn:
        assert pid == conn.get_server_pid(), "the same connection, back from the pool"
        assert await conn.fetchval("SELECT current_tenant_key()") is None


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM fixes_{day}",
        "INSERT INTO fence_versions SELECT * FROM fence_versions",
        "SELECT secret_hash FROM device_credentials",
        "SELECT * FROM outbox",
        "SELECT * FROM oauth_clients",
        "SELECT ensure_fix_partition('2031-01-01')",
        "UPDATE trucks SET tenant_key = 1",
        "UPDATE trucks SET revision = 1",
        "DELETE FROM trucks",
        "CREATE TABLE mine (a int)",
        "CREATE TEMP TABLE mine (a int)",
    ],
)
async def test_the_app_role_is_refused(
    app: AnyPool, telemetry: AnyPool, tenant: Tenant, statement: str
) -> None:
    await add_fix(telemetry, tenant, await add_truck(app, tenant, "T"))
    day = fixes.days_of(bare_fixes(1, 1, [START_MS]))[0]

    async def attempt() -> None:
        async with as_tenant(app, tenant.key) as conn:
            await conn.execute(statement.format(day=day.strftime("%Y%m%d")))

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await attempt()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM trucks",
        "SELECT * FROM device_credentials",
        "SELECT name FROM tenants",
        "SELECT * FROM outbox",
        "DELETE FROM fixes",
        "UPDATE events SET type = 'x'",
        "UPDATE fixes SET lat = 0",
        "UPDATE shard_batches SET fence_revision = 0",
        "INSERT INTO trucks (tenant_key, id) VALUES (1, 'T')",
    ],
)
async def test_the_telemetry_role_is_refused(telemetry: AnyPool, statement: str) -> None:
    async with telemetry.acquire() as conn:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(statement)


async def test_only_our_roles_may_connect(superuser: AnyConnection, where: object) -> None:
    stranger = "stranger_" + secrets.token_hex(4)
    await superuser.execute(f"CREATE ROLE {stranger} LOGIN")
    try:
        allowed = await superuser.fetchval(
            "SELECT has_database_privilege($1, current_database(), 'CONNECT')", stranger
        )
    finally:
        await superuser.execute(f"DROP ROLE {stranger}")

    assert not allowed
