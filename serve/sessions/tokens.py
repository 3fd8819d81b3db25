"""The two tokens of a session: what its user may do now, and how it gets the next of them."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Collection

from serve.gateway import Gateway
from serve.identity.granted import permissions_of
from serve.identity.principal import Kind, Principal
from serve.identity.tokens import OWN_CLIENT
from serve.sessions.wire import AccessOut
from store import sessions
from store.postgres import AnyConnection
from store.users import Credentials

REFRESH_BYTES = 32  # fixed: 256 bits: it is stored by a fast hash
REFRESH_PREFIX = "ubr_"


def principal_of(user: Credentials) -> Principal:
    """For what is done in the user's name before there is a token of it."""
    return Principal(
        subject=user.id,
        kind=Kind.USER,
        tenant=user.tenant,
        tenant_key=user.tenant_key,
        permissions=frozenset(),
        expires_s=0,
        version=user.version,
    )


def refresh_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def new_refresh_token(
    gateway: Gateway, conn: AnyConnection, tenant_key: int, session_id: str
) -> tuple[str, int]:
    """The token, and for how many seconds it is good."""
    token = REFRESH_PREFIX + secrets.token_urlsafe(REFRESH_BYTES)
    idle_s = gateway.policy.identity.sessions.idle_s
    lasts_s = await sessions.add_refresh_token(
        conn, tenant_key, session_id, refresh_hash(token), idle_s
    )
    return token, int(lasts_s)


async def granted(conn: AnyConnection, user: Credentials) -> frozenset[str]:
    """Who has a one-time password may choose another, which takes no permission."""
    if user.one_time_until is not None:
        return frozenset()
    return await permissions_of(conn, user.tenant_key, user.roles)


def access_for(
    gateway: Gateway, user: Credentials, session_id: str | None, held: Collection[str]
) -> AccessOut:
    token = gateway.issuer.issue(
        client_id=OWN_CLIENT,
        subject=user.id,
        kind=Kind.USER,
        tenant=user.tenant,
        tenant_key=user.tenant_key,
        permissions=held,
        now_s=int(time.time()),
        roles=user.roles,
        carrier=user.carrier,
        shipper=user.shipper,
        session_id=session_id,
        version=user.version,
    )
    return AccessOut(
        access_token=token, expires_in=gateway.issuer.ttl_s, scope=" ".join(sorted(held))
    )
