"""What an operator can do with the keys that sign everybody's tokens."""

from __future__ import annotations

from datetime import UTC, datetime

from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.paging import ListOf
from serve.signing_keys.wire import SigningKeyOut
from store import signing_keys


async def list_all(gateway: Gateway) -> ListOf[SigningKeyOut]:
    async with gateway.system_pool.acquire() as conn:
        keys = await signing_keys.all_keys(conn)
    return ListOf(items=SigningKeyOut.all_of(keys, datetime.now(UTC)))


async def rotate(gateway: Gateway, who: Principal) -> SigningKeyOut:
    """Nobody has to wait for it: it is published at once, and signs when all know it."""
    limits = gateway.policy.identity.signing_keys
    async with gateway.operating(who, "signing-keys.rotate", "signing-keys") as change:
        made = await gateway.authority.keys.rotate(change.conn, limits)
        (out,) = SigningKeyOut.all_of([made], datetime.now(UTC))
        change.subject, change.after = f"signing-keys/{made.id}", out
    await gateway.authority.keys.refresh(gateway.system_pool)
    return out
