"""JSON from issuers that a tenant names: only where that may lead, and only so much of it.

All of them have one policy of calling and share its places; each has a breaker of its own, so that
one tenant's issuer that is down locks nobody else out.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import httpx
import msgspec

from config.patience import OIDC
from config.sections.identity import Oidc
from config.sections.providers import Patience
from providers.attempts import AttemptError
from providers.bulkhead import Bulkhead
from providers.calling import Answer, Call, Caller
from providers.errors import ProviderAwayError
from providers.guarded import FetchError, PinnedTransport, Reach
from providers.metering import Meter, OneOfMany, Unmetered
from serve.identity.development import is_development

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
ACCEPT = {"Accept": "application/json"}


class AskedIssuer:
    def __init__(self, caller: Caller, meter: OneOfMany) -> None:
        self._caller = caller
        self._meter = meter

    async def json(self, operation: str, url: str) -> dict[str, Any]:
        """An object, whole and in time; anything else is a FetchError."""
        call = Call(operation, "GET", url, is_repeatable=True, headers=ACCEPT)
        try:
            return await self._caller.read(call, _object_in)
        except (ProviderAwayError, httpx.InvalidURL) as failed:
            raise FetchError(f"{url}: {failed}") from failed

    def forget(self) -> None:
        self._meter.forget(self._caller.name)


class GuardedHttp:
    def __init__(
        self,
        limits: Callable[[], Oidc],
        patience: Callable[[], Patience],
        meter: Meter | None = None,
    ) -> None:
        self._limits = limits
        self._patience = patience
        self._meter = meter or Unmetered()
        self._transport = PinnedTransport(self._reach)
        self._bulkhead = Bulkhead(OIDC, patience)
        self._open_ones: set[OneOfMany] = set()

    def issuer(self) -> AskedIssuer:
        meter = OneOfMany(self._meter, self._open_ones)
        caller = Caller(
            OIDC,
            self._patience,
            meter=meter,
            transport=self._transport,
            bulkhead=self._bulkhead,
        )
        return AskedIssuer(caller, meter)

    async def close(self) -> None:
        """What all of them go through; they hold nothing else."""
        await self._transport.aclose()

    def _reach(self) -> Reach:
        plain = LOOPBACK if is_development() else ()
        return Reach(hosts=self._limits().internal_hosts, plain=plain)


async def _object_in(answer: Answer) -> dict[str, Any]:
    if answer.status != HTTPStatus.OK:
        raise AttemptError(f"answers {answer.status}", may_repeat=False)
    try:
        return msgspec.json.decode(answer.body, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError) as failed:
        says = f"gives no usable answer: {type(failed).__name__}"
        raise AttemptError(says, may_repeat=False) from failed
