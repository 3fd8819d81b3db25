"""Tokens between our own processes: who calls whom on whose behalf, signed and short-lived.

Ray's own token lets a process into the cluster; this one says which service of it calls, that the
call is meant for this actor, and which end user asked for it.
"""

from __future__ import annotations

import contextlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt

from config.installation import Installation
from config.policy import policy
from config.sections.service_tokens import ServiceTokens
from store.installed import installation
from store.key_file import KeyFile, KeyFileError
from telemetry import work

PURPOSE = "service-tokens"
TYPE = "svc+jwt"
ALGORITHM = "HS256"
_REQUIRED = ["iss", "aud", "sub", "act", "iat", "exp"]


class ServiceTokenError(Exception):
    """A call without a token that proves it may be made; the text names what is wrong."""


@dataclass(frozen=True, slots=True)
class EndUser:
    """On whose behalf a service calls: `client:demo-admin` of tenant `demo`."""

    subject: str
    tenant: str | None


@dataclass(frozen=True, slots=True)
class Call:
    """What a valid token says."""

    service: str
    # The end user, or the service itself when it acts for nobody.
    subject: str
    tenant: str | None
    expires_s: float


def _nobody() -> EndUser | None:
    return None


class TokenMaker:
    """One service's tokens. Each is used again until half of its life is over."""

    def __init__(
        self,
        service: str,
        keys: KeyFile,
        instance: str,
        limits: ServiceTokens,
        acting_for: Callable[[], EndUser | None] = _nobody,
    ) -> None:
        self._service = service
        self._keys = keys
        self._instance = instance
        self._limits = limits
        self._acting_for = acting_for
        self._made: OrderedDict[tuple[str, EndUser | None], tuple[str, float]] = OrderedDict()

    def token_for(self, audience: str) -> str:
        """For a call that is made now."""
        kind = (audience, self._acting_for())
        now_s = time.time()
        known = self._made.get(kind)
        if known is not None and now_s < known[1]:
            return known[0]
        token = self._make(audience, kind[1], now_s)
        self._made[kind] = (token, now_s + self._limits.ttl_s / 2)
        self._made.move_to_end(kind)
        if len(self._made) > self._limits.remembered_max:
            self._made.popitem(last=False)
        return token

    def forget(self) -> None:
        """After a refusal: what is made next is made with the keys as they are now."""
        self._made.clear()

    def _make(self, audience: str, user: EndUser | None, now_s: float) -> str:
        # A key file that cannot be read now does not end the work under the keys we have.
        with contextlib.suppress(KeyFileError):
            self._keys.refresh()
        version = self._keys.ring.newest
        claims: dict[str, Any] = {
            "iss": self._instance,
            "aud": audience,
            # RFC 8693: the subject is the end user, the actor is who acts for it.
            "sub": user.subject if user else self._service,
            "act": {"sub": self._service},
            "iat": now_s,
            "exp": now_s + self._limits.ttl_s,
        }
        if user is not None and user.tenant is not None:
            claims["tenant"] = user.tenant
        return jwt.encode(
            claims,
            self._keys.key_for(PURPOSE, version),
            algorithm=ALGORITHM,
            headers={"typ": TYPE, "kid": str(version)},
        )


class Guard:
    """Admits calls to one actor; what was verified once costs a look-up until it expires."""

    def __init__(self, audience: str, keys: KeyFile, instance: str, limits: ServiceTokens) -> None:
        self._audience = audience
        self._keys = keys
        self._instance = instance
        self._limits = limits
        self._verified: OrderedDict[str, Call] = OrderedDict()

    def admit(self, given: str) -> Call:
        """Raises ServiceTokenError for whatever does not begin with a valid token for this actor;
        what comes behind it is whose work the rest of the call is."""
        token, _, carried = given.partition(" ") if isinstance(given, str) else (given, "", "")
        call = self._admitted(token)
        work.begin(work.taken_over(carried) if carried else work.Work())
        return call

    def _admitted(self, token: str) -> Call:
        now_s = time.time()
        call = self._verified.get(token) if isinstance(token, str) else None
        if call is None:
            call = self._read(token)
            self._verified[token] = call
            if len(self._verified) > self._limits.remembered_max:
                self._verified.popitem(last=False)
        if call.expires_s + self._limits.leeway_s <= now_s:
            self._verified.pop(token, None)
            raise ServiceTokenError("the service token has expired")
        return call

    def _read(self, token: str) -> Call:
        try:
            header = jwt.get_unverified_header(token)
            if header.get("typ") != TYPE:
                raise ServiceTokenError("not a service token")
            claims = jwt.decode(
                token,
                self._key(str(header.get("kid"))),
                algorithms=[ALGORITHM],
                audience=self._audience,
                issuer=self._instance,
                # Expiry is the caller's: a remembered token must be held to it as well.
                options={"require": _REQUIRED, "verify_exp": False},
                leeway=self._limits.leeway_s,
            )
            service = str(claims["act"]["sub"])
            return Call(service, str(claims["sub"]), claims.get("tenant"), float(claims["exp"]))
        except (jwt.PyJWTError, KeyError, TypeError, ValueError) as failed:
            raise ServiceTokenError(f"the service token is not valid: {failed}") from failed

    def _key(self, key_id: str) -> bytes:
        """Of the newest version of the installation's key, or of the one before it."""
        version = int(key_id) if key_id.isdecimal() else 0
        newest = self._keys.ring.newest
        if version not in {newest, newest - 1}:
            try:
                self._keys.refresh()
                newest = self._keys.ring.newest
            except KeyFileError as failed:
                raise ServiceTokenError(str(failed)) from failed
        if version not in {newest, newest - 1}:
            raise ServiceTokenError("the service token is signed with a key that is not in use")
        return self._keys.key_for(PURPOSE, version)


def maker_for(
    where: Installation, service: str, acting_for: Callable[[], EndUser | None] = _nobody
) -> TokenMaker:
    """This process's, with the installation's keys."""
    keys = KeyFile(where.key_file)
    return TokenMaker(service, keys, where.instance, policy().service_tokens, acting_for)


def guard_of(audience: str) -> Guard:
    """For the actor of this name in this process."""
    where = installation()
    return Guard(audience, KeyFile(where.key_file), where.instance, policy().service_tokens)
