"""Identities that others vouch for: their discovery document, their keys, their signed claims."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

import jwt

from config.sections.identity import Oidc
from serve.identity.guarded_http import FetchError, GuardedHttp

# Never one that is signed with a shared secret: the public key would do for that.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
DISCOVERY = "/.well-known/openid-configuration"
KEYS_MAX = 100  # fixed: no issuer publishes so many; bounds memory


class AssertionRefusedError(ValueError):
    """The identity is not one to believe; the text may be shown to whoever sent it."""


class IssuerAwayError(RuntimeError):
    """The issuer could not be asked for its keys."""


@dataclasses.dataclass(slots=True)
class IssuerKeys:
    keys: dict[str, jwt.PyJWK]
    fetched_s: float
    lock: asyncio.Lock = dataclasses.field(default_factory=asyncio.Lock)


def issuer_in(assertion: str) -> str:
    """Whom it claims to be from, unchecked: says only whose keys to check it with."""
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError as failed:
        raise AssertionRefusedError("the assertion is no signed token") from failed
    return str(claims.get("iss", ""))


class ForeignIssuers:
    """Their keys are fetched when needed and remembered; an unknown key makes us look again."""

    def __init__(self, limits: Callable[[], Oidc]) -> None:
        self._limits = limits
        self._http = GuardedHttp(limits)
        self._issuers: OrderedDict[str, IssuerKeys] = OrderedDict()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.close()

    async def claims_of(
        self, assertion: str, issuer: str, audiences: Iterable[str]
    ) -> dict[str, Any]:
        """Checked: signature, issuer, audience, and that it is neither old nor from the future."""
        limits = self._limits()
        try:
            header = jwt.get_unverified_header(assertion)
            key = await self._key(issuer, str(header.get("kid", "")))
            claims: dict[str, Any] = jwt.decode(
                assertion,
                key,
                algorithms=[name for name in ALGORITHMS if key.algorithm_name == name],
                issuer=issuer,
                audience=list(audiences),
                leeway=limits.leeway_s,
                options={"require": ["iss", "aud", "sub", "exp", "iat"]},
            )
        except jwt.PyJWTError as failed:
            raise AssertionRefusedError(f"the assertion is not valid: {failed}") from failed
        if time.time() - float(claims["iat"]) > limits.assertion_age_s_max + limits.leeway_s:
            raise AssertionRefusedError("the assertion is too old")
        return claims

    async def _key(self, issuer: str, key_id: str) -> jwt.PyJWK:
        known = self._issuers.get(issuer)
        if known is None:
            known = self._issuers[issuer] = IssuerKeys({}, float("-inf"))
            while len(self._issuers) > self._limits().issuers_cached_max:
                self._issuers.popitem(last=False)
        self._issuers.move_to_end(issuer)
        async with known.lock:
            limits = self._limits()
            age_s = time.monotonic() - known.fetched_s
            is_missing = key_id not in known.keys
            if age_s > limits.keys_ttl_s or (is_missing and age_s > limits.refetch_s):
                await self._fetch(issuer, known)
        found = known.keys.get(key_id)
        if found is None:
            raise AssertionRefusedError(
                "the assertion is signed with a key its issuer does not name"
            )
        return found

    async def _fetch(self, issuer: str, known: IssuerKeys) -> None:
        known.fetched_s = time.monotonic()  # also a failed look is one: the next waits its turn
        try:
            told = await self._http.json(issuer.rstrip("/") + DISCOVERY)
            if told.get("issuer") != issuer:
                raise FetchError(f"{issuer} says that it is {told.get('issuer')!r}")
            published = await self._http.json(str(told.get("jwks_uri", "")))
        except FetchError as failed:
            if known.keys:
                return  # what it published before still holds
            known.fetched_s = float("-inf")
            raise IssuerAwayError(str(failed)) from failed
        known.keys = _usable(published.get("keys"))


def _usable(published: Any) -> dict[str, jwt.PyJWK]:
    found: dict[str, jwt.PyJWK] = {}
    for each in published[:KEYS_MAX] if isinstance(published, list) else ():
        try:
            key = jwt.PyJWK(each)
        except (jwt.PyJWTError, TypeError, ValueError, AttributeError, KeyError):
            continue
        if key.algorithm_name in ALGORITHMS and each.get("use", "sig") == "sig":
            found[str(each.get("kid", ""))] = key
    return found
