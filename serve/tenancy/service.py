"""What can be done with tenants: make them whole in one step, look at them, close and reopen."""

from __future__ import annotations

import contextlib

from serve.gateway import Gateway
from serve.identity.development import TENANTS, is_development
from serve.identity.permissions import Permission, Role
from serve.identity.principal import Principal
from serve.paging import ListOf, Page
from serve.problems import ConflictError
from serve.roles.seeding import seed_roles
from serve.tenancy.first_client import make_first_client, new_client_secret
from serve.tenancy.first_user import make_first_user, new_one_time_password
from serve.tenancy.first_values import configure
from serve.tenancy.wire import (
    NewTenant,
    NewTenantOut,
    TenantChange,
    TenantOut,
)
from store import tenants
from store.postgres import STORE_FAILURES, AnyConnection
from store.tenants import TenantDetail, TenantStatus


async def onboard(gateway: Gateway, who: Principal, new: NewTenant) -> NewTenantOut:
    """Everything or nothing: one transaction, after which its people can sign in."""
    if new.id in TENANTS and not is_development():
        raise ConflictError(f"{new.id!r} is a name that only development installations use")
    secret = await new_client_secret()
    password = await new_one_time_password(gateway)
    admin = None
    async with gateway.operating(who, "tenants.create", f"tenants/{new.id}") as change:
        made = await tenants.create(change.conn, new.id, new.name, who.tenant_key)
        await seed_roles(change.conn, made)
        client = await make_first_client(change.conn, made, secret, (Role.ADMIN,))
        if new.admin is not None:
            admin = await make_first_user(gateway, change.conn, made, new.admin, password)
        await configure(gateway, who, change.conn, made, new.configuration or {})
        detail = await tenants.get(change.conn, new.id, who.tenant_key, with_children=True)
        change.after = TenantOut.of(detail)
    if new.configuration:
        await gateway.configuration.announce()
    return NewTenantOut(**dict(TenantOut.of(detail)), client=client, admin=admin)


async def get(gateway: Gateway, who: Principal, tenant_id: str) -> TenantOut:
    async with gateway.system_pool.acquire() as conn:
        return TenantOut.of(await visible(conn, who, tenant_id))


async def list_page(gateway: Gateway, who: Principal, page: Page) -> ListOf[TenantOut]:
    async with gateway.system_pool.acquire() as conn:
        found = await tenants.list_page(
            conn, who.tenant_key, page.after, page.one_more, with_children=_operates(who)
        )
    kept, next_cursor = page.cut(found, lambda tenant: tenant.id)
    return ListOf(items=[TenantOut.of(tenant) for tenant in kept], next_cursor=next_cursor)


async def change(
    gateway: Gateway, who: Principal, tenant_id: str, wanted: TenantChange, expected: int | None
) -> TenantOut:
    async with gateway.operating(who, "tenants.change", f"tenants/{tenant_id}") as change:
        now = await visible(change.conn, who, tenant_id)
        change.before = TenantOut.of(now)
        version = now.version if expected is None else expected
        changed = await tenants.rename(change.conn, now, wanted.name, version)
        change.after = TenantOut.of(changed)
    return TenantOut.of(changed)


async def suspend(gateway: Gateway, who: Principal, tenant_id: str, reason: str) -> TenantOut:
    return await _turn(gateway, who, tenant_id, reason, TenantStatus.ACTIVE, TenantStatus.SUSPENDED)


async def resume(gateway: Gateway, who: Principal, tenant_id: str, reason: str) -> TenantOut:
    return await _turn(gateway, who, tenant_id, reason, TenantStatus.SUSPENDED, TenantStatus.ACTIVE)


async def _turn(  # noqa: PLR0917 - from, to read well in this order
    gateway: Gateway,
    who: Principal,
    tenant_id: str,
    reason: str,
    before: TenantStatus,
    after: TenantStatus,
) -> TenantOut:
    verb = "suspend" if after is TenantStatus.SUSPENDED else "resume"
    async with gateway.operating(who, f"tenants.{verb}", f"tenants/{tenant_id}") as change:
        now = await visible(change.conn, who, tenant_id)
        change.before = TenantOut.of(now)
        if now.key == who.tenant_key:
            raise ConflictError("an operator cannot close the tenant it speaks from")
        if now.status is not before:
            raise ConflictError(f"the tenant is {now.status}, so you cannot {verb} it")
        changed = await tenants.set_status(change.conn, now, after, reason)
        change.after = TenantOut.of(changed)
    # Here at once; if the database has just gone away, by the poll as everywhere else.
    with contextlib.suppress(*STORE_FAILURES):
        await gateway.take_tenant_statuses()
    return TenantOut.of(changed)


async def visible(conn: AnyConnection, who: Principal, tenant_id: str) -> TenantDetail:
    return await tenants.get(conn, tenant_id, who.tenant_key, with_children=_operates(who))


def _operates(who: Principal) -> bool:
    """Only who may onboard tenants sees those that were; an ordinary administrator its own."""
    return Permission.TENANTS_WRITE in who.permissions
