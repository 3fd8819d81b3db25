"""From what a foreign issuer signed to somebody of a tenant: RFC 7523, section 2.1."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import time
from collections.abc import Mapping
from typing import Any

from serve.fields import ID_PATTERN
from serve.gateway import Gateway
from serve.identity.foreign_issuers import AssertionRefusedError, issuer_in
from serve.identity.granted import permissions_of
from serve.identity.principal import Kind
from serve.identity.tokens import OWN_CLIENT
from store import oidc_issuers, used_assertions
from store.oidc_issuers import OidcIssuer, TrustedBy

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SUBJECT_CHARS_MAX = 255  # fixed: OpenID Connect Core, section 2


@dataclasses.dataclass(frozen=True, slots=True)
class Vouched:
    """Somebody for whom an issuer answers that the tenant trusts."""

    subject: str
    tenant: str
    tenant_key: int
    roles: tuple[str, ...]
    permissions: frozenset[str]
    carrier: str | None
    shipper: str | None
    session_id: str
    version: int


async def vouched(gateway: Gateway, tenant: str, assertion: str) -> Vouched:
    """Raises AssertionRefusedError or IssuerAwayError."""
    limits = gateway.policy.identity.oidc
    if len(assertion) > limits.assertion_chars_max:
        raise AssertionRefusedError("the assertion is too long")
    issuer = issuer_in(assertion)
    found = await _trusted(gateway, tenant, issuer)
    try:
        if not found:
            raise AssertionRefusedError("this tenant takes no identities from this issuer")
        audiences = [each.trusted.audience for each in found]
        claims = await gateway.authority.foreign.claims_of(assertion, issuer, audiences)
        return await _taken(gateway, _meant(found, claims), claims, assertion)
    except AssertionRefusedError as refused:
        by = found[0] if found else None
        gateway.audit.sign_in_refused(
            f"oidc:{by.trusted.id if by else issuer}",
            by.tenant_key if by else None,
            by.tenant if by else None,
            str(refused),
        )
        raise


def issue_to(gateway: Gateway, who: Vouched, granted: frozenset[str]) -> str:
    return gateway.issuer.issue(
        client_id=OWN_CLIENT,
        subject=who.subject,
        kind=Kind.USER,
        tenant=who.tenant,
        tenant_key=who.tenant_key,
        permissions=granted,
        now_s=int(time.time()),
        roles=who.roles,
        carrier=who.carrier,
        shipper=who.shipper,
        session_id=who.session_id,
        version=who.version,
    )


async def _trusted(gateway: Gateway, tenant: str, issuer: str) -> list[TrustedBy]:
    if not (tenant.isprintable() and issuer.isprintable()):
        return []
    async with gateway.system_pool.acquire() as conn:
        return await oidc_issuers.trusted(conn, tenant, issuer)


def _meant(found: list[TrustedBy], claims: Mapping[str, Any]) -> TrustedBy:
    """The audience was checked: it is that of at least one of them."""
    told = claims["aud"]
    audiences = {told} if isinstance(told, str) else set(told)
    return next(each for each in found if each.trusted.audience in audiences)


async def _taken(
    gateway: Gateway, by: TrustedBy, claims: Mapping[str, Any], assertion: str
) -> Vouched:
    trusted = by.trusted
    roles = roles_by(trusted, claims)
    carrier, shipper = bounds_by(trusted, claims)
    subject = claims["sub"]
    if not (0 < len(subject) <= SUBJECT_CHARS_MAX and subject.isprintable()):
        raise AssertionRefusedError("the claim sub names nobody")
    async with gateway.system_pool.acquire() as conn:
        permissions = await permissions_of(conn, by.tenant_key, roles)
        digest = _digest(by, claims, assertion)
        if not await used_assertions.use_once(conn, digest, _refused_from(gateway, claims)):
            raise AssertionRefusedError("the assertion was used before")
    return Vouched(
        subject=f"{trusted.id}:{subject}",
        tenant=by.tenant,
        tenant_key=by.tenant_key,
        roles=roles,
        permissions=permissions,
        carrier=carrier,
        shipper=shipper,
        session_id=trusted.session_id(by.tenant_key),
        version=trusted.version,
    )


def roles_by(trusted: OidcIssuer, claims: Mapping[str, Any]) -> tuple[str, ...]:
    told = claim_of(claims, trusted.role_claim)
    values = told if isinstance(told, list) else [told]
    given = [trusted.roles_of.get(value, []) for value in values if isinstance(value, str)]
    roles = tuple(sorted({role for each in given for role in each}))
    if not roles:
        raise AssertionRefusedError(f"the claim {trusted.role_claim} gives no role here")
    return roles


def bounds_by(trusted: OidcIssuer, claims: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Where a tenant expects a bound, nobody passes without: unbound would mean to see all."""
    carrier = _bound(claims, trusted.carrier_claim)
    shipper = _bound(claims, trusted.shipper_claim)
    expected = [name for name in (trusted.carrier_claim, trusted.shipper_claim) if name]
    if expected and carrier is None and shipper is None:
        raise AssertionRefusedError(f"the claim {' or '.join(expected)} is missing")
    return carrier, shipper


def _bound(claims: Mapping[str, Any], name: str | None) -> str | None:
    told = None if name is None else claim_of(claims, name)
    if told is None:
        return None
    if not isinstance(told, str) or re.fullmatch(ID_PATTERN, told) is None:
        raise AssertionRefusedError(f"the claim {name} names nothing that can be here")
    return told


def claim_of(claims: Mapping[str, Any], name: str) -> Any:
    """By its whole name, which may have dots in it; else step by step into objects."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _digest(by: TrustedBy, claims: Mapping[str, Any], assertion: str) -> bytes:
    """Of its jti, or else of all that is signed: a signature can be written in two ways."""
    signed = assertion.rpartition(".")[0]
    told = f"jti:{claims['jti']}" if "jti" in claims else f"signed:{signed}"
    name = f"{by.tenant_key}\n{by.trusted.issuer}\n{told}"
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()


def _refused_from(gateway: Gateway, claims: Mapping[str, Any]) -> float:
    limits = gateway.policy.identity.oidc
    too_old_s = float(claims["iat"]) + limits.assertion_age_s_max
    return min(float(claims["exp"]), too_old_s) + limits.leeway_s
