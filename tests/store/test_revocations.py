"""Revocations: known to every process that polls, and forgotten when they are of no use."""

from __future__ import annotations

import secrets

from store import revocations
from store.postgres import AnyPool, as_tenant
from store.revocations import RevocationDirectory
from store.tenants import Tenant


async def test_what_is_revoked_is_known_after_the_poll_and_then_forgotten(
    app: AnyPool, system: AnyPool, tenant: Tenant
) -> None:
    directory, mark = RevocationDirectory(), secrets.token_hex(4)
    await directory.refresh(system)
    async with as_tenant(app, tenant.key) as conn:
        await revocations.revoke_token(conn, tenant.key, f"jti-{mark}", 60)
        await revocations.revoke_session(conn, tenant.key, f"sid-{mark}", 60)
        await revocations.revoke_subject(conn, tenant.key, f"user:{mark}", 3, 60)

    assert len(await directory.refresh(system)) == 3
    assert await directory.refresh(system) == []

    def is_revoked(
        name: str = "user:x", version: int = 0, token: str | None = None, sid: str | None = None
    ) -> bool:
        return directory.is_revoked(name=name, version=version, token_id=token, session_id=sid)

    assert is_revoked(token=f"jti-{mark}")
    assert is_revoked(sid=f"sid-{mark}")
    assert is_revoked(f"user:{mark}", version=2)
    assert not is_revoked(f"user:{mark}", version=3)
    assert not is_revoked()
    directory.forget_expired(now_s=4_000_000_000)
    assert len(directory) == 0
