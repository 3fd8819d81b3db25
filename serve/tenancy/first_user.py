"""The person who administers a new tenant first."""

from __future__ import annotations

from serve.gateway import Gateway
from serve.identity.passwords import new_password
from serve.identity.permissions import Role
from serve.tenancy.wire import FirstUser, NewAdmin
from serve.users.service import new_id, sealed
from store import users
from store.postgres import AnyConnection
from store.tenants import Tenant


async def new_one_time_password(gateway: Gateway) -> tuple[str, str]:
    """A password and its hash, which takes its time outside of any transaction."""
    password = new_password()
    return password, await gateway.authority.passwords.hash(password)


async def make_first_user(
    gateway: Gateway,
    conn: AnyConnection,
    tenant: Tenant,
    admin: NewAdmin,
    password: tuple[str, str],
) -> FirstUser:
    """For SYSTEM."""
    shown, password_hash = password
    user_id = new_id()
    await users.create(
        conn,
        tenant.key,
        id=user_id,
        person=sealed(gateway.personal, admin.email, admin.name),
        password_hash=password_hash,
        one_time_s=gateway.policy.identity.passwords.one_time_valid_s,
        roles=(Role.ADMIN.value,),
    )
    return FirstUser(id=user_id, email=admin.email, one_time_password=shown)
