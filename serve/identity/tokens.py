"""Access tokens (RFC 9068): issued, verified, and remembered once verified."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

import jwt

from serve.identity.keys import ALGORITHM, SigningKey
from serve.identity.principal import Kind, Principal

TOKEN_TYPE = "at+jwt"  # noqa: S105 - a media type
AUDIENCE = "urn:ubertruck:api"
_REQUIRED = ["iss", "aud", "sub", "client_id", "iat", "exp", "jti", "tenant", "tenant_key"]


class TokenError(ValueError):
    """A token that proves nothing; the text may be shown to whoever sent it."""


def issuer_of(instance: str) -> str:
    return f"urn:ubertruck:{instance}"


class TokenIssuer:
    def __init__(self, key: SigningKey, instance: str, ttl_s: int) -> None:
        self._key = key
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
    ) -> str:
        granted = sorted(permissions)
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": client_id,
            "client_id": client_id,
            "iat": now_s,
            "exp": now_s + self.ttl_s,
            "jti": uuid.uuid4().hex,
            "scope": " ".join(granted),
            "permissions": granted,
            "tenant": tenant,
            # What row level security knows the tenant by; saves a look-up on every request.
            "tenant_key": tenant_key,
        }
        headers = {"typ": TOKEN_TYPE, "kid": self._key.key_id}
        return jwt.encode(claims, self._key.private, algorithm=ALGORITHM, headers=headers)


class TokenVerifier:
    """Remembers what it has verified, least used first out; expiry is checked every time."""

    def __init__(self, key: SigningKey, instance: str, cache_max: int) -> None:
        self._public = key.public
        self._issuer = issuer_of(instance)
        self._cache_max = cache_max
        self._verified: OrderedDict[str, Principal] = OrderedDict()

    def verify(self, token: str, now_s: float) -> Principal:
        known = self._verified.get(token)
        if known is None:
            known = self._read(token)
            self._verified[token] = known
            if len(self._verified) > self._cache_max:
                self._verified.popitem(last=False)
        else:
            self._verified.move_to_end(token)
        if known.expires_s <= now_s:
            self._verified.pop(token, None)
            raise TokenError("the token has expired")
        return known

    def _read(self, token: str) -> Principal:
        try:
            if jwt.get_unverified_header(token).get("typ") != TOKEN_TYPE:
                raise TokenError("not an access token")
            claims = jwt.decode(
                token,
                self._public,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=self._issuer,
                # Expiry is the caller's: a cached token must be held to it as well.
                options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False},
            )
        except jwt.PyJWTError as failed:
            raise TokenError("the token is not valid") from failed
        return Principal(
            subject=str(claims["sub"]),
            kind=Kind.CLIENT,
            tenant=str(claims["tenant"]),
            tenant_key=int(claims["tenant_key"]),
            permissions=frozenset(claims.get("permissions", ())),
            expires_s=int(claims["exp"]),
        )
