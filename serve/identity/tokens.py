"""Access tokens (RFC 9068): issued, verified, and remembered once verified."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, Protocol

import jwt

from serve.identity.keys import ALGORITHM, PublicKey, SigningKey
from serve.identity.principal import Kind, Principal

TOKEN_TYPE = "at+jwt"  # noqa: S105 - a media type
AUDIENCE = "urn:ubertruck:api"
# Users sign in by our own door, not through an application of somebody else.
OWN_CLIENT = "ubertruck"
_REQUIRED = ["iss", "aud", "sub", "client_id", "iat", "exp", "jti", "tenant", "tenant_key"]


class TokenError(ValueError):
    """A token that proves nothing; the text may be shown to whoever sent it."""


class UnknownKeyError(TokenError):
    """Signed with a key that this replica has not heard of."""


class KnowsKeys(Protocol):
    """The installation's signing keys, as far as this process knows them now."""

    def signing(self, now_s: float) -> SigningKey: ...

    def public(self, key_id: str) -> PublicKey | None: ...


def issuer_of(instance: str) -> str:
    return f"urn:ubertruck:{instance}"


class TokenIssuer:
    def __init__(self, keys: KnowsKeys, instance: str, ttl_s: int) -> None:
        self._keys = keys
        self._issuer = issuer_of(instance)
        self.ttl_s = ttl_s

    def issue(
        self,
        *,
        client_id: str,
        tenant: str,
        tenant_key: int,
        permissions: Iterable[str],
        now_s: int,
        subject: str | None = None,
        kind: Kind = Kind.CLIENT,
        roles: Iterable[str] = (),
        carrier: str | None = None,
        shipper: str | None = None,
        session_id: str | None = None,
        version: int = 0,
    ) -> str:
        granted = sorted(permissions)
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": subject or client_id,
            "client_id": client_id,
            "iat": now_s,
            "exp": now_s + self.ttl_s,
            "jti": uuid.uuid4().hex,
            "scope": " ".join(granted),
            "permissions": granted,
            "roles": sorted(roles),
            "kind": kind.value,
            "tenant": tenant,
            # What row level security knows the tenant by; saves a look-up on every request.
            "tenant_key": tenant_key,
            "version": version,
        }
        bound = {"carrier": carrier, "shipper": shipper, "sid": session_id}
        claims |= {name: value for name, value in bound.items() if value is not None}
        key = self._keys.signing(now_s)
        headers = {"typ": TOKEN_TYPE, "kid": key.key_id}
        return jwt.encode(claims, key.private, algorithm=ALGORITHM, headers=headers)


class TokenVerifier:
    """Remembers what it has verified, least used first out; expiry is checked every time."""

    def __init__(self, keys: KnowsKeys, instance: str, cache_max: int) -> None:
        self._keys = keys
        self._issuer = issuer_of(instance)
        self._cache_max = cache_max
        self._verified: OrderedDict[str, Principal] = OrderedDict()

    def verify(self, token: str, now_s: float) -> Principal:
        known = self._verified.get(token)
        if known is None:
            known = principal_of(self.claims_of(token))
            self._verified[token] = known
            if len(self._verified) > self._cache_max:
                self._verified.popitem(last=False)
        else:
            self._verified.move_to_end(token)
        if known.expires_s <= now_s:
            self._verified.pop(token, None)
            raise TokenError("the token has expired")
        return known

    def claims_of(self, token: str) -> dict[str, Any]:
        """Of a token that we signed, whether it has expired or not."""
        try:
            header = jwt.get_unverified_header(token)
            if header.get("typ") != TOKEN_TYPE:
                raise TokenError("not an access token")
            key = self._keys.public(str(header.get("kid")))
            if key is None:
                raise UnknownKeyError("the token is not signed with a key of ours")
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=self._issuer,
                # Expiry is the caller's: a cached token must be held to it as well.
                options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False},
            )
        except jwt.PyJWTError as failed:
            raise TokenError("the token is not valid") from failed
        return claims


def principal_of(claims: dict[str, Any]) -> Principal:
    return Principal(
        subject=str(claims["sub"]),
        kind=Kind(claims.get("kind", Kind.CLIENT)),
        tenant=str(claims["tenant"]),
        tenant_key=int(claims["tenant_key"]),
        permissions=frozenset(claims.get("permissions", ())),
        expires_s=int(claims["exp"]),
        roles=tuple(claims.get("roles", ())),
        token_id=str(claims["jti"]),
        carrier=claims.get("carrier"),
        shipper=claims.get("shipper"),
        session_id=claims.get("sid"),
        version=int(claims.get("version", 0)),
    )
