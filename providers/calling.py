"""How every adapter calls out by HTTP: one request, and what of its answer is none."""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeVar

import httpx

from config.sections.providers import Patience
from providers.attempts import AttemptError, Attempts, BusyError
from providers.bulkhead import Bulkhead
from providers.errors import ProviderOversizedError
from providers.guarded import UnknownHostError
from providers.metering import Meter

T = TypeVar("T")

# The request did not get anywhere: whatever it was, it may be sent again.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Call:
    """One question. What makes it repeatable is the adapter's to know: a method that only reads,
    or a key by which the service recognises it."""

    operation: str  # for logs and metrics: what is asked, not about whom
    method: str
    url: str
    is_repeatable: bool
    query: Mapping[str, str | int] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    auth: tuple[str, str] | None = field(default=None, repr=False)
    # Statuses with which it says "not yet" to what is repeated while the first one runs.
    in_flight: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


class Caller:
    """One service as one process calls it; all its accounts share the breaker and the pool."""

    def __init__(
        self,
        name: str,
        patience: Callable[[], Patience],
        *,
        meter: Meter | None = None,
        clock_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[], float] = random.random,
        verify: ssl.SSLContext | bool = True,
        transport: httpx.AsyncBaseTransport | None = None,
        bulkhead: Bulkhead | None = None,
    ) -> None:
        """A transport and a bulkhead may be shared with other callers; a transport that is shared
        closes with the first of them that does."""
        self.name = name
        self._patience = patience
        self._attempts = Attempts(
            name,
            patience,
            meter=meter,
            clock_s=clock_s,
            sleep=sleep,
            draw=draw,
            bulkhead=bulkhead,
        )
        unlimited = httpx.Limits(max_connections=None)  # the bulkhead is the limit
        self._http = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            limits=unlimited,
            verify=verify,
            transport=transport,
        )

    async def ask(self, call: Call) -> Answer:
        """Its answer, whatever it says; ProviderAwayError when it has none to be relied upon."""
        return await self._attempts.make(call.operation, lambda: self._once(call), _outcome_of)

    async def read(
        self,
        call: Call,
        reading: Callable[[Answer], Awaitable[T]],
        outcome_of: Callable[[T], str] = lambda _: "ok",
    ) -> T:
        """What `reading` makes of its answer; an AttemptError of that is a failed attempt, too."""

        async def once() -> T:
            return await reading(await self._once(call))

        return await self._attempts.make(call.operation, once, outcome_of)

    async def close(self) -> None:
        await self._http.aclose()

    async def _once(self, call: Call) -> Answer:
        patience = self._patience()
        try:
            async with asyncio.timeout(patience.attempt_s):
                answer = await self._sent(call, patience)
        except TimeoutError:
            says = f"no answer in {patience.attempt_s:g} s"
            raise AttemptError(says, may_repeat=call.is_repeatable) from None
        except UnknownHostError as failed:
            raise AttemptError(str(failed), may_repeat=True, is_undone=True) from failed
        except httpx.HTTPError as failed:
            is_undone = isinstance(failed, _NOT_SENT)
            says = f"cannot be reached: {type(failed).__name__}"
            may_repeat = call.is_repeatable or is_undone
            raise AttemptError(says, may_repeat=may_repeat, is_undone=is_undone) from failed
        _judge(call, answer)
        return answer

    async def _sent(self, call: Call, patience: Patience) -> Answer:
        timeout = httpx.Timeout(patience.attempt_s, connect=patience.connect_s)
        async with self._http.stream(
            call.method,
            call.url,
            params=dict(call.query) or None,
            headers=dict(call.headers),
            content=call.body,
            auth=call.auth,
            timeout=timeout,
        ) as answer:
            body = bytearray()
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > patience.answer_bytes_max:
                    says = f"answers more than {patience.answer_bytes_max} bytes"
                    raise ProviderOversizedError(says)
        return Answer(answer.status_code, answer.headers, bytes(body))


def _outcome_of(answer: Answer) -> str:
    return "ok" if answer.is_success else "refused"


def _judge(call: Call, answer: Answer) -> None:
    """Raises for what is no answer: too busy, broken, or still at the first one."""
    after_s = _retry_after_s(answer.headers)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        # It did nothing, and it lives.
        raise BusyError("is throttling us", may_repeat=True, is_throttled=True, after_s=after_s)
    if answer.status in call.in_flight:
        says = "is still at the same request"
        raise BusyError(says, may_repeat=call.is_repeatable, after_s=after_s)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status in _PASSING:
        says = f"answers {answer.status}"
        raise AttemptError(says, may_repeat=call.is_repeatable, after_s=after_s)


_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY})


def _retry_after_s(headers: Mapping[str, str]) -> float:
    said = headers.get("retry-after", "")
    return float(said) if said.isdecimal() else 0.0
