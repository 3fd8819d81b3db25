"""What can be done with a tenant's clients, and how what is taken from them ends everywhere."""

from __future__ import annotations

import asyncio
import dataclasses
import secrets

from serve.clients.wire import (
    ClientChange,
    ClientOut,
    ClientWithSecret,
    NewClient,
    SecretRotation,
)
from serve.gateway import Gateway
from serve.identity.granted import permissions_of, require_above, require_grantable
from serve.identity.permissions import OPERATOR_ONLY
from serve.identity.principal import Kind, Principal
from serve.identity.secret_hashes import hash_secret, new_secret
from serve.paging import ListOf, Page
from serve.problems import ConflictError, ForbiddenError, InvalidError
from store import api_keys, carriers, clients, revocations
from store.clients import StoredClient
from store.postgres import AnyConnection

ID_BYTES = 6  # fixed: enough that two clients of a tenant never get the same id


async def create(gateway: Gateway, who: Principal, new: NewClient) -> ClientWithSecret:
    client_id = f"{who.tenant}-{secrets.token_hex(ID_BYTES)}"
    secret, secret_hash = await _fresh_secret()
    async with gateway.changing(who, "clients.create", f"clients/{client_id}") as change:
        roles = tuple(sorted(set(new.roles)))
        await _require_givable(change.conn, who, roles, new.carrier, new.shipper)
        await clients.create(
            change.conn,
            who.tenant_key,
            id=client_id,
            secret_hash=secret_hash,
            roles=roles,
            name=new.name,
            carrier=new.carrier,
            shipper=new.shipper,
        )
        out = ClientOut.of(await clients.get(change.conn, client_id))
        change.after = out
    return ClientWithSecret(**dict(out), secret=secret)


async def get(gateway: Gateway, who: Principal, client_id: str) -> ClientOut:
    async with gateway.as_tenant(who) as conn:
        return ClientOut.of(await clients.get(conn, client_id))


async def list_page(gateway: Gateway, who: Principal, page: Page) -> ListOf[ClientOut]:
    async with gateway.as_tenant(who) as conn:
        found = await clients.list_page(conn, page.after, page.one_more)
    kept, next_cursor = page.cut(found, lambda client: client.id)
    return ListOf(items=[ClientOut.of(client) for client in kept], next_cursor=next_cursor)


async def change(
    gateway: Gateway, who: Principal, client_id: str, wanted: ClientChange, expected: int | None
) -> ClientOut:
    async with gateway.changing(who, "clients.change", f"clients/{client_id}") as change:
        now = await _changeable(change.conn, who, client_id)
        change.before = ClientOut.of(now)
        then = _with(now, wanted)
        is_other = _power(then) != _power(now)
        if is_other:
            if now.id == who.subject and who.kind is Kind.CLIENT:
                raise ConflictError("let another change your own roles and bounds")
            await _require_givable(change.conn, who, then.roles, then.carrier, then.shipper)
        changed = await clients.update(
            change.conn,
            client_id,
            name=then.name,
            roles=then.roles,
            carrier=then.carrier,
            shipper=then.shipper,
            expected_version=now.version if expected is None else expected,
        )
        if is_other:
            await _end_tokens(gateway, change.conn, who, changed)
        if (then.carrier, then.shipper) != (now.carrier, now.shipper):
            await _end_keys(gateway, change.conn, who, changed)
        change.after = ClientOut.of(changed)
    await gateway.authority.note_revoked()
    return ClientOut.of(changed)


async def rotate(
    gateway: Gateway,
    who: Principal,
    client_id: str,
    wanted: SecretRotation,
    expected: int | None,
) -> ClientWithSecret:
    limits = gateway.policy_of(who).identity.clients
    overlap_s = limits.usual_overlap_s if wanted.overlap_s is None else wanted.overlap_s
    if overlap_s > limits.overlap_s_max:
        detail = f"an overlap is at most {limits.overlap_s_max:g} s"
        raise InvalidError.at("/overlap_s", detail)
    secret, secret_hash = await _fresh_secret()
    async with gateway.changing(who, "clients.rotate", f"clients/{client_id}") as change:
        now = await _changeable(change.conn, who, client_id)
        change.before = ClientOut.of(now)
        version = now.version if expected is None else expected
        rotated = await clients.rotate(change.conn, client_id, secret_hash, overlap_s, version)
        if overlap_s == 0:  # whoever had the secret has tokens too
            await _end_tokens(gateway, change.conn, who, rotated)
        out = ClientOut.of(rotated)
        change.after = out
    await gateway.authority.note_revoked()
    return ClientWithSecret(**dict(out), secret=secret)


async def revoke(gateway: Gateway, who: Principal, client_id: str, expected: int | None) -> None:
    async with gateway.changing(who, "clients.revoke", f"clients/{client_id}") as change:
        now = await _changeable(change.conn, who, client_id)
        change.before = ClientOut.of(now)
        if now.id == who.subject and who.kind is Kind.CLIENT:
            raise ConflictError("let another revoke you, so that somebody is left who can")
        version = now.version if expected is None else expected
        revoked = await clients.revoke(change.conn, client_id, version)
        await _end_tokens(gateway, change.conn, who, revoked)
        await _end_keys(gateway, change.conn, who, revoked)
        change.after = ClientOut.of(revoked)
    await gateway.authority.note_revoked()


async def _fresh_secret() -> tuple[str, str]:
    """With its hash, which takes its time outside of any transaction."""
    secret = new_secret()
    return secret, await asyncio.to_thread(hash_secret, secret)


async def _changeable(conn: AnyConnection, who: Principal, client_id: str) -> StoredClient:
    now = await clients.get(conn, client_id)
    await require_above(conn, who, now.roles, carrier=now.carrier, shipper=now.shipper)
    if now.revoked_at is not None:
        raise ConflictError(f"client {client_id!r} is revoked for good; make another")
    return now


async def _require_givable(
    conn: AnyConnection,
    who: Principal,
    roles: tuple[str, ...],
    carrier: str | None,
    shipper: str | None,
) -> None:
    await require_grantable(conn, who, roles, carrier=carrier, shipper=shipper)
    if await permissions_of(conn, who.tenant_key, roles) & OPERATOR_ONLY:
        raise ForbiddenError("the operator's permissions are not a tenant's to give")
    if carrier is not None and not await carriers.exists(conn, who.tenant_key, carrier):
        raise InvalidError.at("/carrier", f"there is no carrier {carrier!r}")


def _with(now: StoredClient, wanted: ClientChange) -> StoredClient:
    given = wanted.model_dump(exclude_unset=True)
    roles = now.roles if wanted.roles is None else tuple(sorted(set(wanted.roles)))
    return dataclasses.replace(now, **given | {"name": wanted.name or now.name, "roles": roles})


def _power(client: StoredClient) -> tuple[tuple[str, ...], str | None, str | None]:
    return tuple(sorted(client.roles)), client.carrier, client.shipper


async def _end_tokens(
    gateway: Gateway, conn: AnyConnection, who: Principal, client: StoredClient
) -> None:
    lives_s = gateway.authority.token_lives_s
    name = f"{Kind.CLIENT}:{client.id}"
    await revocations.revoke_subject(conn, who.tenant_key, name, client.version, lives_s)


async def _end_keys(
    gateway: Gateway, conn: AnyConnection, who: Principal, client: StoredClient
) -> None:
    lives_s = gateway.authority.token_lives_s
    for key in await api_keys.revoke_made_by(conn, f"{Kind.CLIENT}:{client.id}"):
        name = f"{Kind.API_KEY}:{key.id}"
        await revocations.revoke_subject(conn, who.tenant_key, name, key.version, lives_s)
