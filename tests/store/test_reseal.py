"""After a rotation everything sealed in the database moves to the newest key."""

from __future__ import annotations

from config.installation import DatabaseRole, Postgres
from config.policy import policy
from store.key_file import KeyFile
from store.migrate import migrate
from store.personal import PersonalData
from store.postgres import AnyConnection, connect
from store.reseal import reseal_database, sealed_columns
from store.tenants import create as create_tenant
from tests.conftest import Server


async def test_every_sealed_column_may_be_moved_by_the_system_role(
    superuser: AnyConnection,
) -> None:
    """Also those that later releases add, which must grant it."""
    found = await sealed_columns(superuser)

    assert len(found) > 3
    for of in found:
        may = "SELECT has_column_privilege('ubertruck_system', $1, $2, 'UPDATE')"
        assert await superuser.fetchval(may, of.table, of.column), of
        assert of.key


async def test_old_values_are_moved_and_still_open(
    empty_database: Postgres, server: Server, keys: KeyFile
) -> None:
    await migrate(empty_database, policy().storage)
    personal = PersonalData(keys)
    owner = await connect(empty_database, DatabaseRole.OWNER)
    system = await connect(empty_database, DatabaseRole.SYSTEM)
    try:
        tenant = await create_tenant(owner, "t", "A tenant of this test")
        insert = (
            "INSERT INTO carriers (tenant_key, id, name, phone_sealed, phone_index) "
            "VALUES ($1, $2, 'C', $3, '')"
        )
        for number in range(5):
            await owner.execute(insert, tenant.key, f"C{number}", personal.seal(str(number)))
        keys.rotate()
        await owner.execute(insert, tenant.key, "C5", personal.seal("5"))

        moved = await reseal_database(system, keys, rows=2)
        again = await reseal_database(system, keys, rows=2)

        assert moved["carriers.phone_sealed"] == 5
        assert set(again.values()) == {0}
        rows = await owner.fetch("SELECT id, phone_sealed FROM carriers ORDER BY id")
        assert [personal.open(row["phone_sealed"]) for row in rows] == list("012345")
        assert all(personal.is_current(row["phone_sealed"]) for row in rows)
    finally:
        await owner.close()
        await system.close()
