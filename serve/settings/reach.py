"""Whose configuration a caller reaches, and which of its keys it may change."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from config.paths import ANY, ConfigPath, PathError, parse, split_key
from config.policy import tree
from freight.rules import Who
from serve.gateway import Change, Gateway
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.problems import ForbiddenError, NotFoundError
from store import tenants
from store.configuration import Scope
from store.postgres import AnyConnection


@dataclasses.dataclass(frozen=True, slots=True)
class Reach:
    """A tree the caller may see, at a path of it."""

    gateway: Gateway
    who: Principal
    scope: Scope
    path: ConfigPath

    @property
    def is_own(self) -> bool:
        return self.scope.tenant_key == self.who.tenant_key

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AnyConnection]:
        if self.is_own:
            async with self.gateway.as_tenant(self.who) as conn:
                yield conn
        else:
            async with self.gateway.system_pool.acquire() as conn:
                yield conn

    @asynccontextmanager
    async def changing(self, action: str) -> AsyncIterator[Change]:
        """Once it is committed every process hears of it."""
        subject = f"config{self.path.text}"
        change_of = self.gateway.changing if self.is_own else self.gateway.operating
        async with change_of(self.who, action, subject) as change:
            yield change
        await self.gateway.configuration.announce()

    def require(self, keys: Iterable[str]) -> None:
        """A tenant's own administrators change what is marked so; an operator the rest as well."""
        if Permission.INSTALLATION_WRITE in self.who.permissions:
            return
        barred = [key for key in keys if not _is_tenants(key)]
        if barred:
            says = f"only who holds {Permission.INSTALLATION_WRITE} may change this"
            raise ForbiddenError(
                says,
                errors=[
                    {"pointer": "", "path": f"/{self.scope.tenant}/{key}", "detail": says}
                    for key in barred
                ],
            )


def _is_tenants(key: str) -> bool:
    """What is no key at all is refused as that, not for want of a permission."""
    leaf = tree().find(split_key(key)[0])
    return leaf is None or leaf.who is Who.TENANT


async def reach_of(gateway: Gateway, who: Principal, text: str) -> Reach:
    """404 for what is not there or another's; 403 for what holds for all, unless an operator."""
    try:
        path = parse(text, who.tenant)
    except PathError as failed:
        raise NotFoundError("there is no such path in the configuration") from failed
    if path.parts and not _can_be(path):
        raise NotFoundError("there is no such path in the configuration")
    return Reach(gateway, who, await _scope_of(gateway, who, path.tenant), path)


def _can_be(path: ConfigPath) -> bool:
    return tree().find(path.name) is not None or tree().has_folder(path.name)


async def _scope_of(gateway: Gateway, who: Principal, tenant: str) -> Scope:
    if tenant == who.tenant:
        return Scope(who.tenant_key, who.tenant)
    is_operator = Permission.INSTALLATION_WRITE in who.permissions
    if tenant == ANY:
        if not is_operator:
            needed = Permission.INSTALLATION_WRITE
            raise ForbiddenError(f"what holds for all tenants needs the permission {needed}")
        return Scope(None, ANY)
    if is_operator:
        async with gateway.system_pool.acquire() as conn:
            found = await tenants.find(conn, tenant)
        if found is not None and found.parent_key == who.tenant_key:
            return Scope(found.key, found.id)
    raise NotFoundError("there is no such path in the configuration")
