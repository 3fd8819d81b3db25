"""The product's roles in every tenant: at its first day, and again after each upgrade."""

from __future__ import annotations

from serve.identity.permissions import PERMISSIONS_OF, Role
from store import roles, tenants
from store.postgres import AnyConnection
from store.tenants import Tenant


def seeded_roles(*, may_operate: bool) -> dict[str, tuple[str, ...]]:
    """Tenants that were onboarded by another have no role of the operator to give out."""
    return {
        str(role): tuple(map(str, held))
        for role, held in PERMISSIONS_OF.items()
        if may_operate or role is not Role.OPERATOR
    }


async def seed_roles(conn: AnyConnection, tenant: Tenant) -> None:
    """For OWNER or SYSTEM."""
    await roles.seed(conn, tenant.key, seeded_roles(may_operate=tenant.parent_key is None))


async def seed_all_roles(owner: AnyConnection) -> None:
    """Brings what a release adds to those tenants that were there before it."""
    for tenant in await tenants.all_tenants(owner):
        await seed_roles(owner, tenant)
