"""Identities that others vouch for: their discovery document, their keys, their signed claims."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

import jwt

from config.sections.identity import Oidc
from config.sections.providers import Patience
from providers.guarded import FetchError
from providers.metering import Meter
from serve.identity.guarded_http import AskedIssuer, GuardedHttp

# Never one that is signed with a shared secret: the public key would do for that.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
DISCOVERY = "/.well-known/openid-configuration"
# What hostile texts make of a parser: numbers without end, objects within objects.
UNREADABLE = (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError)
KEYS_MAX = 100  # fixed: no issuer publishes so many; bounds memory
logger = logging.getLogger("ubertruck.identity")


class AssertionRefusedError(ValueError):
    """The identity is not one to believe; the text may be shown to whoever sent it."""


class IssuerAwayError(RuntimeError):
    """The issuer could not be asked for its keys."""


@dataclasses.dataclass(slots=True)
class IssuerKeys:
    issuer: AskedIssuer
    keys: dict[str, jwt.PyJWK] = dataclasses.field(default_factory=dict)
    wanted_s: float = float("-inf")
    asked_s: float = float("-inf")
    told_s: float = float("-inf")
    failure: str | None = None  # why it could not be asked the last time
    lock: asyncio.Lock = dataclasses.field(default_factory=asyncio.Lock)


def issuer_in(assertion: str) -> str:
    """Whom it claims to be from, unchecked: says only whose keys to check it with."""
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except UNREADABLE as failed:
        raise AssertionRefusedError("the assertion is no signed token") from failed
    return str(claims.get("iss", ""))


def _header_of(assertion: str) -> dict[str, Any]:
    try:
        return jwt.get_unverified_header(assertion)
    except UNREADABLE as failed:
        raise AssertionRefusedError("the assertion is no signed token") from failed


class ForeignIssuers:
    """Their keys are fetched when needed and remembered; an unknown key makes us look again."""

    def __init__(
        self,
        limits: Callable[[], Oidc],
        patience: Callable[[], Patience],
        meter: Meter | None = None,
    ) -> None:
        self._limits = limits
        self._http = GuardedHttp(limits, patience, meter)
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
        header = _header_of(assertion)
        try:
            return self._checked(assertion, await self._key(issuer, header), issuer, audiences)
        except jwt.InvalidSignatureError as failed:
            # Whoever publishes one key alone need not name it, so a new one shows only so.
            if "kid" in header:
                raise _refused(failed) from failed
        try:
            key = await self._key(issuer, header, is_outdated=True)
            return self._checked(assertion, key, issuer, audiences)
        except jwt.InvalidSignatureError as failed:
            raise _refused(failed) from failed

    def forget_unwanted(self) -> None:
        """Those whose keys would not be believed unasked any more; and nothing is left open."""
        oldest_s = time.monotonic() - self._limits().keys_stale_s_max
        unwanted = [name for name, known in self._issuers.items() if known.wanted_s < oldest_s]
        for name in unwanted:
            self._issuers.pop(name).issuer.forget()

    def _checked(
        self, assertion: str, key: jwt.PyJWK, issuer: str, audiences: Iterable[str]
    ) -> dict[str, Any]:
        limits = self._limits()
        try:
            claims: dict[str, Any] = jwt.decode(
                assertion,
                key,
                algorithms=[name for name in ALGORITHMS if key.algorithm_name == name],
                issuer=issuer,
                audience=list(audiences),
                leeway=limits.leeway_s,
                options={"require": ["iss", "aud", "sub", "exp", "iat"]},
            )
        except jwt.InvalidSignatureError:
            raise
        except jwt.PyJWTError as failed:
            raise _refused(failed) from failed
        except UNREADABLE as failed:
            raise AssertionRefusedError("the assertion says what cannot be") from failed
        if time.time() - float(claims["iat"]) > limits.assertion_age_s_max + limits.leeway_s:
            raise AssertionRefusedError("the assertion is too old")
        return claims

    async def _key(
        self, issuer: str, header: Mapping[str, Any], *, is_outdated: bool = False
    ) -> jwt.PyJWK:
        known = self._issuers.get(issuer)
        if known is None:
            known = self._issuers[issuer] = IssuerKeys(self._http.issuer())
            while len(self._issuers) > self._limits().issuers_cached_max:
                self._issuers.popitem(last=False)[1].issuer.forget()
        self._issuers.move_to_end(issuer)
        known.wanted_s = time.monotonic()
        async with known.lock:
            limits = self._limits()
            now_s = time.monotonic()
            is_stale = is_outdated or now_s - known.told_s > limits.keys_ttl_s
            is_wanted = is_stale or _named(known.keys, header) is None
            if is_wanted and now_s - known.asked_s > limits.refetch_s:
                await self._fetch(issuer, known)
            if now_s - known.told_s > limits.keys_stale_s_max and known.failure is not None:
                known.keys = {}
        found = _named(known.keys, header)
        if found is None and known.failure is not None:
            raise IssuerAwayError(known.failure)
        if found is None:
            raise AssertionRefusedError(
                "the assertion is signed with a key its issuer does not name"
            )
        return found

    async def _fetch(self, issuer: str, known: IssuerKeys) -> None:
        known.asked_s = time.monotonic()  # also a failed look is one: the next waits its turn
        try:
            told = await known.issuer.json("discovery", issuer.rstrip("/") + DISCOVERY)
            if told.get("issuer") != issuer:
                raise FetchError(f"{issuer} says that it is {told.get('issuer')!r}")
            published = await known.issuer.json("keys", str(told.get("jwks_uri", "")))
        except FetchError as failed:
            known.failure = str(failed)  # what it published before still holds for a while
            logger.warning("the issuer %s cannot be asked for its keys: %s", issuer, failed)
            return
        known.keys = _usable(published.get("keys"))
        known.told_s, known.failure = known.asked_s, None


def _refused(failed: jwt.PyJWTError) -> AssertionRefusedError:
    return AssertionRefusedError(f"the assertion is not valid: {failed}")


def _named(keys: Mapping[str, jwt.PyJWK], header: Mapping[str, Any]) -> jwt.PyJWK | None:
    """By its name; without a name, the only one that there is for such a signature."""
    if "kid" in header:
        return keys.get(str(header["kid"]))
    fit = [key for key in keys.values() if key.algorithm_name == header.get("alg")]
    return fit[0] if len(fit) == 1 else None


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
