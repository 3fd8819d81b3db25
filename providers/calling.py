"""How every adapter calls out: deadline, retries with jitter, breaker and bulkhead in one place."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import httpx

from config.sections.providers import Patience
from freight.redaction import redacted_text
from providers.breaker import Breaker
from providers.bulkhead import Bulkhead
from providers.errors import ProviderAwayError
from providers.metering import Meter, Unmetered

logger = logging.getLogger("ubertruck.providers")

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


class _AttemptError(Exception):
    """One attempt came to nothing."""

    def __init__(
        self, says: str, *, may_repeat: bool, counts: bool = True, after_s: float = 0.0
    ) -> None:
        super().__init__(says)
        self.may_repeat = may_repeat
        self.counts = counts  # against the service, in its breaker
        self.after_s = after_s


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
        verify: bool | str = True,
    ) -> None:
        self.name = name
        self._patience = patience
        self._meter: Meter = meter or Unmetered()
        self._clock_s = clock_s
        self._sleep = sleep
        self._draw = draw
        self._breaker = Breaker(name, patience, clock_s, self._turned)
        self._bulkhead = Bulkhead(name, patience)
        unlimited = httpx.Limits(max_connections=None)  # the bulkhead is the limit
        self._http = httpx.AsyncClient(
            follow_redirects=False, trust_env=False, limits=unlimited, verify=verify
        )

    async def ask(self, call: Call) -> Answer:
        """Its answer, whatever it says; ProviderAwayError when it has none to be relied upon."""
        began_s, outcome = self._clock_s(), "away"
        try:
            answer = await self._in_time(call)
            outcome = "ok" if answer.is_success else "refused"
        except ProviderAwayError as away:
            logger.warning("%s %s: %s", self.name, call.operation, redacted_text(str(away)))
            raise
        finally:
            self._meter.called(self.name, call.operation, outcome, self._clock_s() - began_s)
        return answer

    async def close(self) -> None:
        await self._http.aclose()

    async def _in_time(self, call: Call) -> Answer:
        deadline_s = self._patience().deadline_s
        try:
            async with asyncio.timeout(deadline_s), self._bulkhead.place():
                return await self._patiently(call)
        except TimeoutError:
            raise ProviderAwayError(f"no answer in {deadline_s:g} s") from None

    async def _patiently(self, call: Call) -> Answer:
        patience = self._patience()
        for attempt in range(patience.attempts):
            try:
                return await self._guarded(call, patience)
            except _AttemptError as failed:
                if not failed.may_repeat or attempt + 1 == patience.attempts:
                    raise ProviderAwayError(str(failed)) from failed
                wait_s = self._wait_s(patience, attempt, failed.after_s)
                if wait_s > patience.deadline_s:
                    raise ProviderAwayError(str(failed)) from failed
            await self._sleep(wait_s)
        raise ProviderAwayError("it was not asked")

    def _wait_s(self, patience: Patience, attempt: int, asked_s: float) -> float:
        """Doubles, and differs between callers, who else would all come back in one moment."""
        longest_s = min(patience.retry_wait_s * 2.0**attempt, patience.retry_wait_s_max)
        return max(longest_s * (1.0 + self._draw()) / 2.0, asked_s)

    async def _guarded(self, call: Call, patience: Patience) -> Answer:
        self._breaker.enter()
        try:
            answer = await self._once(call, patience)
        except _AttemptError as failed:
            if failed.counts:
                self._breaker.failed()
            else:
                self._breaker.succeeded()
            raise
        except BaseException:
            self._breaker.left()
            raise
        self._breaker.succeeded()
        return answer

    async def _once(self, call: Call, patience: Patience) -> Answer:
        try:
            async with asyncio.timeout(patience.attempt_s):
                answer = await self._sent(call, patience)
        except TimeoutError:
            says = f"no answer in {patience.attempt_s:g} s"
            raise _AttemptError(says, may_repeat=call.is_repeatable) from None
        except httpx.HTTPError as failed:
            may_repeat = call.is_repeatable or isinstance(failed, _NOT_SENT)
            says = f"cannot be reached: {type(failed).__name__}"
            raise _AttemptError(says, may_repeat=may_repeat) from failed
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
                    raise ProviderAwayError(f"answers more than {patience.answer_bytes_max} bytes")
        return Answer(answer.status_code, answer.headers, bytes(body))

    def _turned(self, is_open: bool) -> None:
        self._meter.turned(self.name, is_open=is_open)
        logger.warning("%s is %s", self.name, "left alone" if is_open else "asked again")


def _judge(call: Call, answer: Answer) -> None:
    """Raises for what is no answer: too busy, broken, or still at the first one."""
    after_s = _retry_after_s(answer.headers)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        # It did nothing, and it lives.
        raise _AttemptError("is throttling us", may_repeat=True, counts=False, after_s=after_s)
    if answer.status in call.in_flight:
        says = "is still at the same request"
        raise _AttemptError(says, may_repeat=call.is_repeatable, counts=False, after_s=after_s)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status in _PASSING:
        says = f"answers {answer.status}"
        raise _AttemptError(says, may_repeat=call.is_repeatable, after_s=after_s)


_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY})


def _retry_after_s(headers: Mapping[str, str]) -> float:
    said = headers.get("retry-after", "")
    return float(said) if said.isdecimal() else 0.0
