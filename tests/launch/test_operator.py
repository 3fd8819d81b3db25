"""`operator`: the first tenant of an installation, whose client may onboard others."""

from __future__ import annotations

import secrets

import pytest

from config.installation import Installation, Postgres
from launch.database import bring_roles
from launch.operator import RefusedError, make_operator
from serve.identity.permissions import Role
from serve.identity.secret_hashes import matches
from store import clients, roles, tenants
from store.errors import AlreadyExistsError
from store.postgres import AnyConnection, AnyPool
from store.tenants import Tenant
from tests.serve.conftest import (  # noqa: F401 - fixtures
    installation,
    key_file,
    key_ring_file,
    redis,
)


async def test_the_first_operator_is_made_once(
    installation: Installation,  # noqa: F811 - the fixture
    system: AnyPool,
) -> None:
    name = "hq-" + secrets.token_hex(4)

    made = await make_operator(installation, name, "Headquarters")

    async with system.acquire() as conn:
        stored = await clients.find(conn, made.id)
        assert stored is not None
        assert matches(made.secret, stored.secret_hash)
        tenant = await tenants.find(conn, name)
        assert tenant is not None
        assert tenant.parent_key is None
        both = await roles.permissions_of(conn, tenant.key, [Role.ADMIN, Role.OPERATOR])
        assert {"tenants:write", "users:write"} <= both
    with pytest.raises(AlreadyExistsError):
        await make_operator(installation, name, "Again")


@pytest.mark.parametrize("name", ["demo", "UPPER", ""])
async def test_names_that_are_refused(
    installation: Installation,  # noqa: F811 - the fixture
    name: str,
) -> None:
    with pytest.raises(RefusedError):
        await make_operator(installation, name, "X")


async def test_a_start_brings_missing_roles_to_tenants_that_were_there(
    owner: AnyConnection, tenant: Tenant, where: Postgres
) -> None:
    await owner.execute("DELETE FROM roles WHERE tenant_key = $1 AND name = 'finance'", tenant.key)
    await owner.execute(
        "UPDATE roles SET permissions = '{}' WHERE tenant_key = $1 AND name = 'viewer'", tenant.key
    )

    await bring_roles(where)

    found = await roles.permissions_of(owner, tenant.key, ["finance", "viewer"])
    assert {"carriers:read", "trucks:read"} <= found
