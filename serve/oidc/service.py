"""What can be done with a tenant's issuers: whom it trusts, and for which of its roles."""

from __future__ import annotations

from collections.abc import Mapping

from serve.gateway import Gateway
from serve.identity.granted import (
    permissions_of,
    refuse_outside_bounds,
    refuse_unheld,
    require_above,
)
from serve.identity.principal import Principal
from serve.oidc.addresses import objection_to
from serve.oidc.wire import IssuerChange, IssuerOut, NewIssuer
from serve.paging import ListOf, Page
from serve.problems import InvalidError
from store import oidc_issuers, revocations, roles
from store.oidc_issuers import IssuerFields, OidcIssuer
from store.postgres import AnyConnection


async def create(gateway: Gateway, who: Principal, new: NewIssuer) -> IssuerOut:
    objection = objection_to(new.issuer, gateway.policy.identity.oidc.internal_hosts)
    if objection is not None:
        raise InvalidError.at("/issuer", objection)
    given = IssuerFields(**new.model_dump(exclude={"id", "issuer"}))
    async with gateway.changing(who, "oidc-issuers.create", f"oidc-issuers/{new.id}") as change:
        await _require_grantable(change.conn, who, given.roles_of)
        made = await oidc_issuers.create(change.conn, who.tenant_key, new.id, new.issuer, given)
        change.after = IssuerOut.of(made)
    return IssuerOut.of(made)


async def get(gateway: Gateway, who: Principal, issuer_id: str) -> IssuerOut:
    async with gateway.as_tenant(who) as conn:
        return IssuerOut.of(await oidc_issuers.get(conn, issuer_id))


async def list_page(gateway: Gateway, who: Principal, page: Page) -> ListOf[IssuerOut]:
    async with gateway.as_tenant(who) as conn:
        found = await oidc_issuers.list_page(conn, page.after, page.one_more)
    kept, next_cursor = page.cut(found, lambda issuer: issuer.id)
    return ListOf(items=[IssuerOut.of(issuer) for issuer in kept], next_cursor=next_cursor)


async def change(
    gateway: Gateway, who: Principal, issuer_id: str, wanted: IssuerChange, expected: int | None
) -> IssuerOut:
    """Tokens that it gave under its old terms end with them."""
    subject = f"oidc-issuers/{issuer_id}"
    async with gateway.changing(who, "oidc-issuers.change", subject) as change:
        now = await oidc_issuers.get(change.conn, issuer_id)
        change.before = IssuerOut.of(now)
        await require_above(change.conn, who, _all_roles(now.roles_of))
        given = IssuerFields(**now.editable | _said(wanted))
        await _require_grantable(change.conn, who, given.roles_of)
        version = now.version if expected is None else expected
        changed = await oidc_issuers.update(change.conn, issuer_id, given, version)
        await _end_tokens(gateway, change.conn, who, now)
        change.after = IssuerOut.of(changed)
    await gateway.authority.note_revoked()
    return IssuerOut.of(changed)


async def delete(gateway: Gateway, who: Principal, issuer_id: str, expected: int | None) -> None:
    subject = f"oidc-issuers/{issuer_id}"
    async with gateway.changing(who, "oidc-issuers.delete", subject) as change:
        now = await oidc_issuers.get(change.conn, issuer_id)
        change.before = IssuerOut.of(now)
        await require_above(change.conn, who, _all_roles(now.roles_of))
        version = now.version if expected is None else expected
        await oidc_issuers.delete(change.conn, issuer_id, version)
        await _end_tokens(gateway, change.conn, who, now)
    await gateway.authority.note_revoked()


def _said(wanted: IssuerChange) -> dict[str, object]:
    """What was given; null empties only what may be empty."""
    may_be_empty = {"carrier_claim", "shipper_claim"}
    given = wanted.model_dump(exclude_unset=True)
    return {name: value for name, value in given.items() if value is not None} | {
        name: None for name, value in given.items() if value is None and name in may_be_empty
    }


async def _end_tokens(
    gateway: Gateway, conn: AnyConnection, who: Principal, issuer: OidcIssuer
) -> None:
    session_id = issuer.session_id(who.tenant_key)
    lives_s = gateway.authority.token_lives_s
    await revocations.revoke_session(conn, who.tenant_key, session_id, lives_s)


async def _require_grantable(
    conn: AnyConnection, who: Principal, roles_of: Mapping[str, list[str]]
) -> None:
    """Nobody lets others in with more than it may do itself."""
    names = _all_roles(roles_of)
    unknown = await roles.unknown(conn, who.tenant_key, names)
    if unknown:
        raise InvalidError.at("/roles_of", f"there is no role {', '.join(unknown)}")
    refuse_unheld(who, await permissions_of(conn, who.tenant_key, names))
    refuse_outside_bounds(who, None, None)


def _all_roles(roles_of: Mapping[str, list[str]]) -> list[str]:
    return sorted({role for given in roles_of.values() for role in given})
