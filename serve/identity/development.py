"""The two tenants of a development installation, whose secrets everybody knows; nowhere else."""

from __future__ import annotations

import asyncio
import os

from serve.identity.permissions import Role
from serve.identity.secret_hashes import hash_secret, matches
from serve.roles.seeding import seed_roles
from store import carriers, clients, tenants
from store.postgres import AnyConnection, AnyPool

DEVELOPMENT = "development"
# fixed: the development tenants of the contract
TENANTS = {"demo": "Demo Logistics", "acme": "Acme Transport"}
OPERATING_TENANT = "demo"
# The roles that have a client in each of them.
CLIENT_ROLES = (
    *(Role.ADMIN, Role.DISPATCHER, Role.SHIPPER, Role.CARRIER, Role.VIEWER),
    Role.FINANCE,
)
# fixed: public, refused outside development
DEVICE_SECRET = "dev-secret"  # noqa: S105 - known to everybody, in development only


class DevelopmentSecretsError(RuntimeError):
    """Secrets that everybody knows would guard something that is not for development."""


def is_development() -> bool:
    return os.environ.get("ENVIRONMENT") == DEVELOPMENT


def client_id(tenant: str, role: Role) -> str:
    return f"{tenant}-{role}"


def client_secret(client: str) -> str:
    return f"{client}-secret"


async def seed(owner: AnyConnection) -> None:
    """Creates what is missing of the development tenants and their clients; OWNER role."""
    if not is_development():
        raise DevelopmentSecretsError(f"only ENVIRONMENT={DEVELOPMENT} may be seeded with these")
    for tenant_id, name in TENANTS.items():
        tenant = await tenants.find(owner, tenant_id)
        tenant = tenant or await tenants.create(owner, tenant_id, name)
        await seed_roles(owner, tenant)
        await carriers.seed(owner, tenant.key, client_id(tenant_id, Role.CARRIER), f"For {name}")
        for role in CLIENT_ROLES:
            known = client_id(tenant_id, role)
            roles = _roles_of(tenant_id, role)
            carrier = known if role is Role.CARRIER else None
            shipper = known if role is Role.SHIPPER else None
            if await clients.find(owner, known) is not None:
                # Made by an earlier version, and never changed since.
                await clients.set_untouched(owner, known, roles, carrier, shipper)
                continue
            hashed = await asyncio.to_thread(hash_secret, client_secret(known))
            await clients.create(
                owner,
                tenant.key,
                id=known,
                secret_hash=hashed,
                roles=roles,
                carrier=carrier,
                shipper=shipper,
            )


def _roles_of(tenant: str, role: Role) -> tuple[str, ...]:
    """The first tenant's administrator also runs the installation."""
    runs_all = role is Role.ADMIN and tenant == OPERATING_TENANT
    return (role.value, Role.OPERATOR.value) if runs_all else (role.value,)


async def refuse_development_secrets(system: AnyPool) -> None:
    """Outside development: raises if a development client exists with its well-known secret."""
    if is_development():
        return
    for tenant_id in TENANTS:
        for role in CLIENT_ROLES:
            known = client_id(tenant_id, role)
            async with system.acquire() as conn:
                client = await clients.find(conn, known)
            if client is None:
                continue
            if await asyncio.to_thread(matches, client_secret(known), client.secret_hash):
                raise DevelopmentSecretsError(
                    f"client {known} still has the secret everybody knows; "
                    f"change it, or set ENVIRONMENT={DEVELOPMENT}"
                )
