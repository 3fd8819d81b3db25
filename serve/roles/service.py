"""What can be done with a tenant's roles, and what must not: growing power, locking oneself out."""

from __future__ import annotations

from collections.abc import Collection

from serve.gateway import Gateway
from serve.identity.permissions import OPERATOR_ONLY, Permission, Role
from serve.identity.principal import Principal
from serve.paging import ListOf, Page
from serve.problems import ConflictError, ForbiddenError
from serve.roles.wire import NewRole, RoleChange, RoleOut
from store import roles

# Without these nobody of the tenant could ever give them back.
KEPT_BY_ADMIN = frozenset({Permission.ROLES_WRITE, Permission.USERS_WRITE})


async def create(gateway: Gateway, who: Principal, new: NewRole) -> RoleOut:
    if new.name == Role.OPERATOR:
        raise ForbiddenError("the operator's role is not a tenant's to make")
    refuse_more_than_held(who, new.permissions)
    async with gateway.changing(who, "roles.create", f"roles/{new.name}") as change:
        wanted = frozenset(new.permissions)
        made = await roles.create(change.conn, who.tenant_key, new.name, wanted)
        change.after = RoleOut.of(made)
    return RoleOut.of(made)


async def get(gateway: Gateway, who: Principal, name: str) -> RoleOut:
    async with gateway.as_tenant(who) as conn:
        return RoleOut.of(await roles.get(conn, name))


async def list_page(gateway: Gateway, who: Principal, page: Page) -> ListOf[RoleOut]:
    async with gateway.as_tenant(who) as conn:
        found = await roles.list_page(conn, page.after, page.one_more)
    kept, next_cursor = page.cut(found, lambda role: role.name)
    return ListOf(items=[RoleOut.of(role) for role in kept], next_cursor=next_cursor)


async def change(
    gateway: Gateway, who: Principal, name: str, wanted: RoleChange, expected: int | None
) -> RoleOut:
    permissions = frozenset(wanted.permissions)
    async with gateway.changing(who, "roles.change", f"roles/{name}") as change:
        now = await roles.get(change.conn, name)
        change.before = RoleOut.of(now)
        if name == Role.OPERATOR:
            raise ForbiddenError("the operator's role is not a tenant's to change")
        refuse_more_than_held(who, permissions - set(now.permissions))
        if name == Role.ADMIN and not permissions >= KEPT_BY_ADMIN:
            kept = " and ".join(sorted(KEPT_BY_ADMIN))
            raise ConflictError(f"the administrators keep {kept}: nobody could undo it")
        version = now.version if expected is None else expected
        changed = await roles.update(change.conn, name, permissions, version)
        change.after = RoleOut.of(changed)
    return RoleOut.of(changed)


async def delete(gateway: Gateway, who: Principal, name: str, expected: int | None) -> None:
    async with gateway.changing(who, "roles.delete", f"roles/{name}") as change:
        now = await roles.get(change.conn, name)
        change.before = RoleOut.of(now)
        if now.seeded:
            raise ConflictError(
                f"role {name!r} came with the product; take its permissions away instead"
            )
        if await roles.is_used(change.conn, name):
            raise ConflictError(f"role {name!r} is in use; take it from those who have it first")
        await roles.delete(change.conn, name, now.version if expected is None else expected)


def refuse_more_than_held(who: Principal, permissions: Collection[str]) -> None:
    """Who may give out roles must not thereby get more than it was given."""
    wanted = frozenset(permissions)
    above = sorted(wanted & OPERATOR_ONLY)
    if above:
        raise ForbiddenError(f"only the installation's operator holds {', '.join(above)}")
    lacking = sorted(wanted - who.permissions)
    if lacking:
        raise ForbiddenError(f"you do not hold {', '.join(lacking)} and so cannot grant it")
