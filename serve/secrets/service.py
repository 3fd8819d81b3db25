"""What can be done with secrets: put, looked at from outside, deleted."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from enum import StrEnum

from serve.gateway import Change, Gateway
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Page
from serve.problems import ForbiddenError, InvalidError, NotFoundError
from serve.secrets.wire import NewSecret, SecretOut
from store import secret_uses
from store.secret_names import OF_INSTALLATION, Scope, SecretInfo, SecretName
from store.secret_uses import LastUse


class Whose(StrEnum):
    TENANT = "tenant"
    INSTALLATION = "installation"


def scope_of(who: Principal, whose: Whose) -> Scope:
    """The installation's secrets open what all tenants share, so they are for its operators."""
    if whose is Whose.TENANT:
        return Scope(who.tenant_key, who.tenant)
    if Permission.INSTALLATION_WRITE not in who.permissions:
        raise ForbiddenError(f"this token lacks the permission {Permission.INSTALLATION_WRITE}")
    return OF_INSTALLATION


async def list_page(
    gateway: Gateway, who: Principal, scope: Scope, page: Page
) -> ListOf[SecretOut]:
    infos = await gateway.secret_values.list_of(scope)
    behind = [info for info in infos if info.name > (page.after or "")]
    kept, next_cursor = page.cut(behind[: page.one_more], lambda info: info.name)
    uses = await _uses(gateway, who, scope, [info.name for info in kept])
    return ListOf(items=[SecretOut.of(info, uses) for info in kept], next_cursor=next_cursor)


async def get(gateway: Gateway, who: Principal, scope: Scope, name: str) -> SecretOut:
    return SecretOut.of(await _info(gateway, scope, name), await _uses(gateway, who, scope, [name]))


async def put(
    gateway: Gateway, who: Principal, scope: Scope, name: str, new: NewSecret
) -> SecretOut:
    text = new.value.get_secret_value()
    most = gateway.policy.secrets.value_bytes_max
    if len(text.encode()) > most:
        raise InvalidError.at("/value", f"a secret has at most {most} bytes")
    async with _changing(gateway, who, scope, "secrets.put", name) as change:
        await gateway.secret_values.put(SecretName(scope, name), text)
        change.after = made = SecretOut.of(await _info(gateway, scope, name), {})
    return made


async def delete(gateway: Gateway, who: Principal, scope: Scope, name: str) -> None:
    async with _changing(gateway, who, scope, "secrets.delete", name) as change:
        change.before = SecretOut.of(await _info(gateway, scope, name), {})
        await gateway.secret_values.delete(SecretName(scope, name))


def _changing(
    gateway: Gateway, who: Principal, scope: Scope, action: str, name: str
) -> AbstractAsyncContextManager[Change]:
    change_of = gateway.operating if scope == OF_INSTALLATION else gateway.changing
    return change_of(who, action, f"secrets/{name}")


async def _info(gateway: Gateway, scope: Scope, name: str) -> SecretInfo:
    for info in await gateway.secret_values.list_of(scope):
        if info.name == name:
            return info
    raise NotFoundError(f"there is no secret {name!r}")


async def _uses(
    gateway: Gateway, who: Principal, scope: Scope, names: list[str]
) -> dict[tuple[str, int], LastUse]:
    if scope == OF_INSTALLATION:
        async with gateway.system_pool.acquire() as system:
            return await secret_uses.of_tenant(system, scope.tenant_key, names)
    async with gateway.as_tenant(who) as conn:
        return await secret_uses.of_tenant(conn, scope.tenant_key, names)
