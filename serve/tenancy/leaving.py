"""What an operator can do to end a tenant: ask for it, confirm it, follow it, fetch the export."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio

from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.problems import ConflictError, NotFoundError
from serve.tenancy.service import visible
from serve.tenancy.wire import Offboard, OffboardAnswer, OffboardingOut
from store import offboarding, tenants
from store.offboarding import Offboarding
from store.postgres import AnyConnection
from store.tenants import TenantStatus

TOKEN_BYTES = 24  # fixed: more than anybody can guess
CHUNK_BYTES = 256 * 1024  # fixed: how a file is read, whatever its size


async def offboard(
    gateway: Gateway, who: Principal, tenant_id: str, wanted: Offboard
) -> OffboardAnswer:
    if wanted.confirmation is None:
        return await _request(gateway, who, tenant_id)
    return await _confirm(gateway, who, tenant_id, wanted.confirmation, wanted.reason)


async def _request(gateway: Gateway, who: Principal, tenant_id: str) -> OffboardAnswer:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    subject = f"tenants/{tenant_id}"
    async with gateway.operating(who, "tenants.offboard.request", subject) as change:
        tenant = await visible(change.conn, who, tenant_id)
        if tenant.status is not TenantStatus.SUSPENDED:
            raise ConflictError(f"the tenant is {tenant.status}; only a suspended one may leave")
        requested = await offboarding.request(
            change.conn,
            who.tenant_key,
            tenant.key,
            by=who.name,
            token_hash=_hashed(token),
            confirm_within_s=gateway.policy.tenancy.offboarding.confirm_s,
        )
        change.after = OffboardingOut.of(requested)
    return OffboardAnswer(**dict(OffboardingOut.of(requested)), confirmation=token)


async def _confirm(
    gateway: Gateway, who: Principal, tenant_id: str, token: str, reason: str
) -> OffboardAnswer:
    subject = f"tenants/{tenant_id}"
    async with gateway.operating(who, "tenants.offboard.confirm", subject) as change:
        tenant = await visible(change.conn, who, tenant_id)
        if tenant.status is not TenantStatus.SUSPENDED:
            raise ConflictError(f"the tenant is {tenant.status}; only a suspended one may leave")
        confirmed = await offboarding.confirm(change.conn, tenant.key, _hashed(token))
        if confirmed is None:
            raise ConflictError("this is not the confirmation that was given, or it is too old")
        await tenants.set_status(change.conn, tenant, TenantStatus.OFFBOARDING, reason)
        change.after = OffboardingOut.of(confirmed)
    return OffboardAnswer(**dict(OffboardingOut.of(confirmed)))


async def progress(gateway: Gateway, who: Principal, tenant_id: str) -> OffboardingOut:
    async with gateway.system_pool.acquire() as conn:
        return OffboardingOut.of(await _found(conn, who, tenant_id))


async def download(
    gateway: Gateway, who: Principal, tenant_id: str
) -> tuple[str, AsyncGenerator[bytes, None]]:
    """The export's name and its bytes, once; a transfer that broke off does not count."""
    async with gateway.operating(who, "tenants.export", f"tenants/{tenant_id}") as change:
        found = await _found(change.conn, who, tenant_id)
        if found.exported_at is None:
            raise ConflictError("the export is not complete yet")
        file = await offboarding.claim_download(change.conn, found.offboarded_key)
        path = None if file is None else gateway.offboarder.exports / file
        if path is None or not await anyio.Path(path).is_file():
            raise ConflictError("the export was downloaded already; it is given once")
        change.after = OffboardingOut.of(found)
    return path.name, _given_once(gateway, found.offboarded_key, path)


async def _given_once(gateway: Gateway, tenant_key: int, path: Path) -> AsyncGenerator[bytes, None]:
    is_whole = False
    try:
        async with await anyio.open_file(path, "rb") as file:
            while chunk := await file.read(CHUNK_BYTES):
                yield chunk
        is_whole = True
    finally:
        with anyio.CancelScope(shield=True):
            if is_whole:
                await anyio.Path(path).unlink(missing_ok=True)
            else:
                async with gateway.system_pool.acquire() as conn:
                    await offboarding.give_back_download(conn, tenant_key)


async def _found(conn: AnyConnection, who: Principal, tenant_id: str) -> Offboarding:
    tenant = await visible(conn, who, tenant_id)
    found = await offboarding.find(conn, tenant.key)
    # The tenant itself is visible to its own people; its end is its operator's business.
    if found is None or found.tenant_key != who.tenant_key:
        raise NotFoundError(f"no offboarding of tenant {tenant_id!r} was asked for")
    return found


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
