"""The end of a tenant: exported whole, erased everywhere but in the audit, nobody else touched."""

from __future__ import annotations

import io
import json
import secrets
import zipfile
from typing import Any

import httpx
import pytest

from serve.gateway import Gateway
from serve.tenancy import leaving
from store import offboarding, rejections
from store.postgres import AnyConnection, AnyPool
from store.rejections import Rejection
from store.tenants import Tenant
from tests.launch.waiting import until
from tests.serve.caller import Caller
from tests.serve.in_process import InProcessActors
from tests.serve.test_tenancy import onboard, operator_of
from tests.serve.uploading import PHOTO, sent

DELHI = (28.6139, 77.209)
SQUARE = {"type": "Polygon", "coordinates": [[[77, 28], [78, 28], [78, 29], [77, 29], [77, 28]]]}


@pytest.fixture
def operator(http: httpx.AsyncClient, gateway: Gateway, tenant: Tenant) -> Caller:
    return operator_of(gateway, tenant, http)


async def tenant_key_of(superuser: AnyConnection, tenant_id: str) -> int:
    key: int = await superuser.fetchval("SELECT key FROM tenants WHERE id = $1", tenant_id)
    return key


async def fill(caller: Caller, gateway: Gateway, actors: InProcessActors, key: int) -> None:
    """Something of everything a tenant may have."""
    carrier = {"id": "ravi", "name": "Ravi", "phone": "+91 98765 43210"}
    assert (await caller.ask("POST", "/v1/carriers", json=carrier)).status_code == 201
    await caller.truck("T1", carrier="ravi")
    await caller.truck("T2")
    await caller.ask("POST", "/v1/fences", json={"id": "yard", "name": "Yard", "shape": SQUARE})
    await caller.ask("POST", "/v1/roles", json={"name": "mine", "permissions": []})
    await sent(caller, PHOTO, kind="paper", subject="trucks/T1", paper="rc")
    tenant_id = caller.tenant.id
    await until(lambda: (tenant_id, "T2") in gateway.directory.by_name)
    trucks = [gateway.directory.by_name[tenant_id, name].truck_key for name in ("T1", "T2")]
    await actors.report(
        key, [{"truck_key": truck, "lat": DELHI[0], "lon": DELHI[1]} for truck in trucks]
    )


async def rows_of(superuser: AnyConnection, key: int) -> dict[str, int]:
    """How many rows each table has of the tenant, from the catalogue; partitions count too."""
    names = await superuser.fetch(
        """
        SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
            AND a.attname = 'tenant_key' AND NOT a.attisdropped
        """
    )
    counts = {
        row["name"]: await superuser.fetchval(
            f"SELECT count(*) FROM {row['name']} WHERE tenant_key = $1", key
        )
        for row in names
    }
    return {name: count for name, count in counts.items() if count}


async def suspended(operator: Caller, tenant_id: str) -> None:
    path = f"/v1/tenants/{tenant_id}/suspend"
    assert (await operator.ask("POST", path, json={"reason": "leaves"})).status_code == 200


async def confirmed(operator: Caller, tenant_id: str) -> None:
    path = f"/v1/tenants/{tenant_id}/offboard"
    asked = await operator.ask("POST", path, json={"reason": "leaves"})
    assert asked.status_code == 202, asked.text
    token = asked.json()["confirmation"]
    done = await operator.ask("POST", path, json={"reason": "leaves", "confirmation": token})
    assert done.status_code == 202, done.text


async def phase(operator: Caller, tenant_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await operator.get(f"/v1/tenants/{tenant_id}/offboarding")).json()
    return found


async def ended(operator: Caller, tenant_id: str) -> None:
    async def is_done() -> bool:
        return str((await phase(operator, tenant_id))["phase"]) == "done"

    await until(is_done, within_s=30)


async def test_a_tenant_leaves_with_all_it_had_and_nothing_stays(  # noqa: PLR0917 - by name
    operator: Caller,
    neighbour: Caller,
    gateway: Gateway,
    actors: InProcessActors,
    superuser: AnyConnection,
    telemetry: AnyPool,
    other_tenant: Tenant,
) -> None:
    tenant_id, leaver = await onboard(operator)
    key = await tenant_key_of(superuser, tenant_id)
    await fill(leaver, gateway, actors, key)
    await fill(neighbour, gateway, actors, other_tenant.key)
    async with telemetry.acquire() as conn:
        odd = Rejection(tenant_id, "T1", "topic", "reason", "", b"raw", 1_700_000_000_000)
        await rejections.insert_many(conn, [odd])
    before = await rows_of(superuser, key)
    untouched = await rows_of(superuser, other_tenant.key)
    assert {"trucks", "carriers", "fences", "events", "roles", "oauth_clients"} <= set(before)
    assert any(name.startswith("fixes_") for name in before)

    await suspended(operator, tenant_id)
    await confirmed(operator, tenant_id)
    await ended(operator, tenant_id)

    left = await rows_of(superuser, key)
    assert [name for name in left if not name.startswith("audit")] == []
    assert left.get("audit_log", 0) >= before["audit_log"]
    assert untouched == await rows_of(superuser, other_tenant.key)
    await the_export_is_whole(operator, tenant_id, before)
    gone = await operator.get(f"/v1/tenants/{tenant_id}")
    assert gone.json().items() >= {"status": "erased", "name": tenant_id}.items()
    again = await operator.ask("POST", "/v1/tenants", json={"id": tenant_id, "name": "Again"})
    assert again.status_code == 409
    assert (await leaver.get("/v1/trucks")).status_code in {401, 403}
    assert (await neighbour.get("/v1/trucks/T1/position")).status_code == 200


async def the_export_is_whole(operator: Caller, tenant_id: str, before: dict[str, int]) -> None:
    path = f"/v1/tenants/{tenant_id}/export"
    answer = await operator.get(path)
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        whole = {name: file.read(name) for name in file.namelist()}
    photos = [content for name, content in whole.items() if name.startswith("documents/")]
    texts = {name: content.decode() for name, content in whole.items() if "/" not in name}
    manifest = json.loads(texts.pop("manifest.json"))
    rows = {name: [json.loads(line) for line in text.splitlines()] for name, text in texts.items()}

    assert manifest["tenant"] == tenant_id
    assert (photos, manifest["documents_lost"]) == ([PHOTO], [])
    assert "content_secret_sealed" not in rows["documents.jsonl"][0]
    assert len(rows["trucks.jsonl"]) == 2
    assert len(rows["fixes.jsonl"]) == 2
    assert len(rows["events.jsonl"]) == before["events"]
    assert rows["carriers.jsonl"][0]["phone"] == "+91 98765 43210"
    every = "".join(texts.values())
    assert "scrypt" not in every
    assert "$2a$" not in every
    assert "secret_hash" in manifest["columns_left_out"]["oauth_clients"]
    # Once: the file is gone.
    assert (await operator.get(path)).status_code == 409


async def test_the_steps_must_be_taken_in_their_order(  # noqa: PLR0917 - by name
    operator: Caller,
    caller: Caller,
    gateway: Gateway,
    other_tenant: Tenant,
    http: httpx.AsyncClient,
    superuser: AnyConnection,
) -> None:
    tenant_id, admin = await onboard(operator)
    path = f"/v1/tenants/{tenant_id}/offboard"
    wish = {"reason": "leaves"}

    active = await operator.ask("POST", path, json=wish)
    assert active.status_code == 409
    await suspended(operator, tenant_id)
    asked = await operator.ask("POST", path, json=wish)
    token = asked.json()["confirmation"]
    wrong = await operator.ask("POST", path, json={**wish, "confirmation": token + "x"})
    assert wrong.status_code == 409
    assert (await operator.get(f"/v1/tenants/{tenant_id}/export")).status_code == 409
    stranger = operator_of(gateway, other_tenant, http)
    for whose, status in ((stranger, 404), (caller, 403)):
        body = {**wish, "confirmation": token}
        assert (await whose.ask("POST", path, json=body)).status_code == status
        assert (await whose.get(f"/v1/tenants/{tenant_id}/export")).status_code == status
    await superuser.execute("UPDATE offboardings SET confirm_until = now() - interval '1 s'")
    late = await operator.ask("POST", path, json={**wish, "confirmation": token})
    assert late.status_code == 409
    # Nothing happened: it can be resumed.
    resumed = await operator.ask(
        "POST", f"/v1/tenants/{tenant_id}/resume", json={"reason": "stays"}
    )
    assert resumed.status_code == 200
    assert (await admin.get("/v1/trucks")).status_code == 200


async def test_the_functions_act_on_nobody_else(
    system: AnyPool, tenant: Tenant, app: AnyPool
) -> None:
    """Also a stolen connection of the control plane can erase only who is leaving."""
    calls = [
        "SELECT erase_tenant_rows($1, 'trucks', 0, 10)",
        "SELECT close_tenant_fleet($1, 10)",
        "SELECT export_tenant_rows($1, 'trucks', '{id}', 0, 10)",
    ]
    for call in calls:
        async with system.acquire() as conn:
            with pytest.raises(Exception, match="not being offboarded"):
                await conn.execute(call.replace("$1", str(tenant.key)))
        async with app.acquire() as conn:
            with pytest.raises(Exception, match="permission denied"):
                await conn.execute(call.replace("$1", str(tenant.key)))
    async with system.acquire() as conn:
        with pytest.raises(Exception, match="is kept"):
            await conn.execute(f"SELECT erase_tenant_rows({tenant.key}, 'audit_log', 0, 10)")


async def test_a_later_table_is_covered_by_itself(
    operator: Caller, superuser: AnyConnection, owner: AnyConnection
) -> None:
    """Whatever its policies say, and with references that are in nobody's list."""
    tenant_id, _ = await onboard(operator)
    key = await tenant_key_of(superuser, tenant_id)
    name = "later_" + secrets.token_hex(4)
    await owner.execute(
        f"""
        CREATE TABLE {name} (tenant_key int REFERENCES tenants (key), id int PRIMARY KEY);
        CREATE TABLE {name}_child (tenant_key int, parent int REFERENCES {name} (id));
        ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {name}_child ENABLE ROW LEVEL SECURITY;
        INSERT INTO {name} VALUES ({key}, 1), (NULL, 2);
        INSERT INTO {name}_child VALUES ({key}, 1);
        ALTER TABLE {name} FORCE ROW LEVEL SECURITY;
        ALTER TABLE {name}_child FORCE ROW LEVEL SECURITY;
        CREATE POLICY of_app ON {name} TO ubertruck_app USING (true);
        """
    )
    try:
        ordered = [table.name for table in await offboarding.tables(superuser)]
        assert ordered.index(f"{name}_child") < ordered.index(name)
        await suspended(operator, tenant_id)
        await confirmed(operator, tenant_id)
        await ended(operator, tenant_id)

        assert await superuser.fetchval(f"SELECT array_agg(id) FROM {name}") == [2]
        assert await superuser.fetchval(f"SELECT count(*) FROM {name}_child") == 0
    finally:
        await superuser.execute(f"DROP TABLE {name}, {name}_child")


async def test_it_goes_on_after_a_crash(
    operator: Caller, gateway: Gateway, superuser: AnyConnection, actors: InProcessActors
) -> None:
    """The process died after the export, with some rows erased: any other one goes on."""
    tenant_id, leaver = await onboard(operator)
    key = await tenant_key_of(superuser, tenant_id)
    await fill(leaver, gateway, actors, key)
    await superuser.execute("UPDATE tenants SET status = 'offboarding' WHERE key = $1", key)
    await superuser.execute("DELETE FROM outbox WHERE tenant_key = $1", key)
    await superuser.execute(
        """
        INSERT INTO offboardings (confirm_until, tenant_key, offboarded_key, phase, requested_by,
            token_hash, exported_at, export_file)
        VALUES (now(), $1, $2, 'erasing', 'x', 'x', now(), 'none.zip')
        """,
        operator.tenant.key,
        key,
    )

    await ended(operator, tenant_id)

    left = await rows_of(superuser, key)
    assert [name for name in left if not name.startswith("audit")] == []


async def test_a_transfer_that_broke_off_does_not_count(
    operator: Caller, gateway: Gateway, superuser: AnyConnection
) -> None:
    tenant_id, _ = await onboard(operator)
    await suspended(operator, tenant_id)
    await confirmed(operator, tenant_id)
    await ended(operator, tenant_id)
    who = gateway.verifier.verify(operator.token, 0)

    _, pieces = await leaving.download(gateway, who, tenant_id)
    assert await anext(pieces)
    await pieces.aclose()

    assert (await operator.get(f"/v1/tenants/{tenant_id}/export")).status_code == 200


async def test_what_comes_late_is_not_kept_and_redis_forgets(
    operator: Caller, gateway: Gateway, superuser: AnyConnection, telemetry: AnyPool
) -> None:
    tenant_id, _ = await onboard(operator)
    root = f"ubertruck:{gateway.installation.instance}:limits"
    redis = gateway.bus._redis
    await redis.set(f"{root}:{tenant_id}:client/x", 1)
    await redis.set(f"{root}:{tenant_id}-other:client/x", 1)
    await suspended(operator, tenant_id)
    await confirmed(operator, tenant_id)
    await ended(operator, tenant_id)

    late = Rejection(tenant_id, "T1", "topic", "reason", "", b"raw", 1_700_000_000_000)
    async with telemetry.acquire() as conn:
        await rejections.insert_many(conn, [late])

    kept = "SELECT count(*) FROM rejections WHERE tenant = $1"
    assert await superuser.fetchval(kept, tenant_id) == 0
    assert await redis.get(f"{root}:{tenant_id}:client/x") is None
    assert await redis.get(f"{root}:{tenant_id}-other:client/x") is not None
