"""The client a tenant is first administered with."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from serve.identity.permissions import Role
from serve.identity.secret_hashes import hash_secret, new_secret
from serve.tenancy.wire import ClientCredentials
from store import clients
from store.postgres import AnyConnection
from store.tenants import Tenant


async def new_client_secret() -> tuple[str, str]:
    """A secret and its hash, which takes its time outside of any transaction."""
    secret = new_secret()
    return secret, await asyncio.to_thread(hash_secret, secret)


async def make_first_client(
    conn: AnyConnection, tenant: Tenant, secret: tuple[str, str], roles: Collection[Role]
) -> ClientCredentials:
    """For OWNER and SYSTEM."""
    shown, secret_hash = secret
    client_id = f"{tenant.id}-{Role.ADMIN}"
    await clients.create(
        conn,
        tenant.key,
        id=client_id,
        secret_hash=secret_hash,
        roles=tuple(map(str, roles)),
    )
    return ClientCredentials(id=client_id, secret=shown)
