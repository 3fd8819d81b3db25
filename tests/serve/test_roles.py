"""/v1/roles: seeded, made, changed by version; no power grows and nobody is locked out."""

from __future__ import annotations

import secrets

import pytest

from serve.gateway import Gateway
from serve.identity.permissions import PERMISSIONS_OF, Role
from serve.roles.seeding import seed_roles
from store import roles
from store.postgres import AnyConnection, AnyPool
from store.tenants import Tenant
from tests.serve.caller import Caller
from tests.serve.conftest import token_for


async def test_a_tenant_begins_with_the_products_roles(caller: Caller) -> None:
    listed = (await caller.get("/v1/roles")).json()["items"]

    assert {role["name"] for role in listed} == {str(role) for role in Role}
    assert all(role["seeded"] and role["version"] == 1 for role in listed)
    viewer = await caller.get("/v1/roles/viewer")
    assert viewer.headers["ETag"] == '"1"'
    assert viewer.json()["permissions"] == sorted(PERMISSIONS_OF[Role.VIEWER])


async def test_a_role_is_made_changed_and_deleted(
    caller: Caller, system: AnyPool, tenant: Tenant
) -> None:
    body = {"name": "yard", "permissions": ["trucks:read"]}

    made = await caller.ask("POST", "/v1/roles", json=body)
    again = await caller.ask("POST", "/v1/roles", json=body)
    changed = await caller.ask(
        "PATCH", "/v1/roles/yard", json={"permissions": ["trucks:read", "fences:read"]}
    )

    assert (made.status_code, again.status_code, changed.status_code) == (201, 409, 200)
    assert changed.headers["ETag"] == '"2"'
    async with system.acquire() as conn:
        allowed = await roles.permissions_of(conn, tenant.key, ["yard", "device", "nobody"])
        assert allowed == {"trucks:read", "fences:read"}
        assert await roles.unknown(conn, tenant.key, ["yard", "nobody"]) == ["nobody"]
    assert (await caller.ask("DELETE", "/v1/roles/yard")).status_code == 204
    assert (await caller.get("/v1/roles/yard")).status_code == 404


async def test_a_stale_version_changes_nothing(caller: Caller) -> None:
    await caller.ask("PATCH", "/v1/roles/viewer", json={"permissions": ["trucks:read"]})

    stale = await caller.ask(
        "PATCH", "/v1/roles/viewer", json={"permissions": []}, headers={"If-Match": '"1"'}
    )

    assert stale.status_code == 412
    assert (await caller.get("/v1/roles/viewer")).json()["permissions"] == ["trucks:read"]


@pytest.mark.parametrize("permission", ["tenants:write", "installation:write"])
async def test_what_is_the_operators_cannot_be_granted(caller: Caller, permission: str) -> None:
    made = await caller.ask("POST", "/v1/roles", json={"name": "up", "permissions": [permission]})
    grown = await caller.ask("PATCH", "/v1/roles/viewer", json={"permissions": [permission]})
    operator = await caller.ask("PATCH", "/v1/roles/operator", json={"permissions": []})

    assert (made.status_code, grown.status_code, operator.status_code) == (403, 403, 403)


async def test_nobody_grants_what_they_do_not_hold(
    caller: Caller, gateway: Gateway, tenant: Tenant
) -> None:
    token = gateway.issuer.issue(
        client_id="c",
        tenant=tenant.id,
        tenant_key=tenant.key,
        permissions=["roles:write", "roles:read", "trucks:read"],
        now_s=2_000_000_000,
    )
    lesser = Caller(caller.http, tenant, token)

    more = {"name": "more", "permissions": ["trucks:read", "users:write"]}
    refused = await lesser.ask("POST", "/v1/roles", json=more)
    allowed = await lesser.ask(
        "POST", "/v1/roles", json={"name": "same", "permissions": ["trucks:read"]}
    )

    assert (refused.status_code, allowed.status_code) == (403, 201)
    assert "users:write" in refused.json()["detail"]


async def test_administrators_cannot_lock_themselves_out(caller: Caller) -> None:
    lost = await caller.ask("PATCH", "/v1/roles/admin", json={"permissions": ["roles:write"]})
    kept = await caller.ask(
        "PATCH", "/v1/roles/admin", json={"permissions": ["roles:write", "users:write"]}
    )

    assert (lost.status_code, kept.status_code) == (409, 200)


async def test_a_role_in_use_or_of_the_product_stays(
    caller: Caller, owner: AnyConnection, tenant: Tenant
) -> None:
    await caller.ask("POST", "/v1/roles", json={"name": "yard", "permissions": []})
    holders = "holders_" + secrets.token_hex(4)
    await owner.execute(
        f"""
        CREATE TABLE {holders} (tenant_key int, roles text[]);
        ALTER TABLE {holders} ENABLE ROW LEVEL SECURITY;
        INSERT INTO {holders} VALUES ({tenant.key}, '{{viewer,yard}}');
        """
    )
    try:
        assert (await caller.ask("DELETE", "/v1/roles/yard")).status_code == 409
        await owner.execute(f"UPDATE {holders} SET roles = '{{viewer}}'")
        assert (await caller.ask("DELETE", "/v1/roles/yard")).status_code == 204
    finally:
        await owner.execute(f"DROP TABLE {holders}")
    assert (await caller.ask("DELETE", "/v1/roles/viewer")).status_code == 409


async def test_an_upgrade_reaches_only_roles_nobody_edited(
    caller: Caller, owner: AnyConnection, tenant: Tenant
) -> None:
    await caller.ask("PATCH", "/v1/roles/viewer", json={"permissions": ["trucks:read"]})
    await roles.seed(owner, tenant.key, {"support": ["trucks:read"], "viewer": ["fences:read"]})

    assert (await caller.get("/v1/roles/viewer")).json()["permissions"] == ["trucks:read"]
    support = (await caller.get("/v1/roles/support")).json()
    assert (support["permissions"], support["version"]) == (["trucks:read"], 2)
    await seed_roles(owner, tenant)
    restored = (await caller.get("/v1/roles/support")).json()["permissions"]
    assert restored == sorted(PERMISSIONS_OF[Role.SUPPORT])


async def test_roles_are_each_tenants_own(caller: Caller, neighbour: Caller) -> None:
    await caller.ask("POST", "/v1/roles", json={"name": "yard", "permissions": []})

    assert (await neighbour.get("/v1/roles/yard")).status_code == 404
    assert (await neighbour.ask("DELETE", "/v1/roles/yard")).status_code == 404


async def test_who_may_not_read_roles(http: object, caller: Caller, gateway: Gateway) -> None:
    viewer = Caller(caller.http, caller.tenant, token_for(gateway, caller.tenant, Role.VIEWER))

    assert (await viewer.get("/v1/roles")).status_code == 403
    assert (
        await caller.ask("POST", "/v1/roles", json={"name": "a b", "permissions": []})
    ).status_code == 422
    wrong = await caller.ask("POST", "/v1/roles", json={"name": "a", "permissions": ["fly:now"]})
    assert wrong.status_code == 422
