"""What can be done with a tenant's API keys."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

from serve.api_keys.wire import ApiKeyOut, ApiKeyWithSecret, NewApiKey
from serve.gateway import Gateway
from serve.identity.granted import refuse_unheld
from serve.identity.key_format import hash_of, new_key
from serve.identity.principal import Kind, Principal
from serve.paging import ListOf, Page
from serve.problems import ConflictError, ForbiddenError, InvalidError
from store import api_keys, revocations

ID_BYTES = 8  # fixed: enough that no two keys ever get the same id
# Who has roles that can be looked up whenever the key is used.
MAKERS = frozenset({Kind.CLIENT, Kind.USER})


async def create(gateway: Gateway, who: Principal, new: NewApiKey) -> ApiKeyWithSecret:
    key_id, key = f"key-{secrets.token_hex(ID_BYTES)}", new_key()
    async with gateway.changing(who, "api-keys.create", f"api-keys/{key_id}") as change:
        if who.kind not in MAKERS:
            raise ForbiddenError("only clients and users make API keys, not keys themselves")
        refuse_unheld(who, new.scopes)
        made = await api_keys.create(
            change.conn,
            who.tenant_key,
            id=key_id,
            name=new.name,
            scopes=frozenset(new.scopes),
            carrier=who.carrier,
            shipper=who.shipper,
            created_by=who.name,
            expires_at=_expiry(gateway, who, new.expires_at),
            key_hash=hash_of(key),
        )
        out = ApiKeyOut.of(made)
        change.after = out
    return ApiKeyWithSecret(**out.model_dump(include=set(ApiKeyWithSecret.model_fields)), key=key)


async def get(gateway: Gateway, who: Principal, key_id: str) -> ApiKeyOut:
    async with gateway.as_tenant(who) as conn:
        return ApiKeyOut.of(await api_keys.get(conn, key_id))


async def list_page(gateway: Gateway, who: Principal, page: Page) -> ListOf[ApiKeyOut]:
    async with gateway.as_tenant(who) as conn:
        found = await api_keys.list_page(conn, page.after, page.one_more)
    kept, next_cursor = page.cut(found, lambda key: key.id)
    return ListOf(items=[ApiKeyOut.of(key) for key in kept], next_cursor=next_cursor)


async def revoke(gateway: Gateway, who: Principal, key_id: str, expected: int | None) -> None:
    """Also one that may do more than who revokes it: a stolen key must end at once."""
    async with gateway.changing(who, "api-keys.revoke", f"api-keys/{key_id}") as change:
        now = await api_keys.get(change.conn, key_id)
        change.before = ApiKeyOut.of(now)
        if now.revoked_at is not None:
            raise ConflictError(f"API key {key_id!r} is revoked already")
        version = now.version if expected is None else expected
        revoked = await api_keys.revoke(change.conn, key_id, version)
        change.after = ApiKeyOut.of(revoked)
        lives_s = gateway.authority.token_lives_s
        name = f"{Kind.API_KEY}:{key_id}"
        await revocations.revoke_subject(
            change.conn, who.tenant_key, name, revoked.version, lives_s
        )
    await gateway.authority.note_revoked()


def _expiry(gateway: Gateway, who: Principal, wanted: datetime | None) -> datetime:
    limits, now = gateway.policy_of(who).identity.api_keys, datetime.now(UTC)
    if wanted is None:
        return now + timedelta(seconds=min(limits.usual_life_s, limits.life_s_max))
    if wanted <= now:
        raise InvalidError.at("/expires_at", "this is past already")
    if wanted > now + timedelta(seconds=limits.life_s_max):
        detail = f"a key is good for at most {limits.life_s_max:g} s"
        raise InvalidError.at("/expires_at", detail)
    return wanted
