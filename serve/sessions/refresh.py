"""Refresh tokens: each is used once; one that comes again ends the session that it came from."""

from __future__ import annotations

from serve.gateway import Gateway
from serve.sessions.tokens import (
    access_for,
    granted,
    new_refresh_token,
    principal_of,
    refresh_hash,
)
from serve.sessions.wire import TokensOut
from store import revocations, sessions, users
from store.sessions import EndReason, Refreshing
from store.users import Credentials


class RefreshRefusedError(Exception):
    """The same text for whatever is the matter with it."""

    def __init__(self) -> None:
        super().__init__("the refresh token is not good, or not any more")


async def refresh(gateway: Gateway, token: str) -> TokensOut:
    digest = refresh_hash(token)
    async with gateway.system_pool.acquire() as conn:
        found = await sessions.find_refresh_token(conn, digest)
        user = await users.credentials_of(conn, found.tenant_key, found.user_id) if found else None
    if found is None or user is None:
        gateway.audit.sign_in_refused("user:unknown", None, None, "unknown refresh token")
        raise RefreshRefusedError
    if not found.is_live or user.disabled_at is not None:
        _note(gateway, user, "the session has ended")
        raise RefreshRefusedError
    tokens = None if found.is_used else await _rotated(gateway, user, found, digest)
    if tokens is None:
        await _end_family(gateway, user, found)
        _note(gateway, user, "a refresh token was used again")
        raise RefreshRefusedError
    return tokens


async def _rotated(
    gateway: Gateway, user: Credentials, found: Refreshing, digest: bytes
) -> TokensOut | None:
    """None if somebody else was first."""
    async with gateway.as_tenant(principal_of(user)) as conn:
        if not await sessions.use_refresh_token(conn, digest):
            return None
        token, lasts_s = await new_refresh_token(gateway, conn, found.tenant_key, found.session_id)
        held = await granted(conn, user)
    return TokensOut(
        **dict(access_for(gateway, user, found.session_id, held)),
        refresh_token=token,
        refresh_expires_in=lasts_s,
    )


async def _end_family(gateway: Gateway, user: Credentials, found: Refreshing) -> None:
    """Of the user and a thief nobody knows who was first, so neither goes on."""
    subject = f"sessions/{found.session_id}"
    async with gateway.changing(principal_of(user), "sessions.end-stolen", subject) as change:
        await sessions.end(change.conn, found.session_id, EndReason.REUSED)
        await revocations.revoke_session(
            change.conn, found.tenant_key, found.session_id, gateway.authority.token_lives_s
        )
    await gateway.authority.note_revoked()


def _note(gateway: Gateway, user: Credentials, why: str) -> None:
    gateway.metrics.refused.labels("refresh").inc()
    gateway.audit.sign_in_refused(f"user:{user.id}", user.tenant_key, user.tenant, why)
