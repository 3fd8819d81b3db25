"""Deadline, retries with jitter, breaker and bulkhead around anything that asks somebody else."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from config.sections.providers import Patience
from freight.redaction import redacted_text
from providers.breaker import Breaker
from providers.bulkhead import Bulkhead
from providers.errors import ProviderAwayError, ProviderThrottledError, ProviderUndoneError
from providers.metering import Meter, Unmetered

T = TypeVar("T")

logger = logging.getLogger("ubertruck.providers")


class AttemptError(Exception):
    """One attempt came to nothing."""

    counts: bool = True  # against the service, in its breaker

    def __init__(
        self,
        says: str,
        *,
        may_repeat: bool,
        is_undone: bool = False,
        is_throttled: bool = False,
        after_s: float = 0.0,
    ) -> None:
        super().__init__(says)
        self.may_repeat = may_repeat
        self.is_undone = is_undone or is_throttled  # surely nothing was done
        self.is_throttled = is_throttled
        self.after_s = after_s


class BusyError(AttemptError):
    """It lives, and says that this is not the moment."""

    counts = False


@dataclass(slots=True)
class _Trace:
    """Of one question: how long it may take, and whether any attempt may have done something."""

    until_s: float
    deadline: asyncio.Timeout
    may_be_done: bool = False


class Attempts:
    """One service as one process asks it."""

    def __init__(
        self,
        name: str,
        patience: Callable[[], Patience],
        *,
        meter: Meter | None = None,
        clock_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[], float] = random.random,
        bulkhead: Bulkhead | None = None,
    ) -> None:
        """With a bulkhead of others' it has no places of its own: all share them."""
        self.name = name
        self._patience = patience
        self._meter: Meter = meter or Unmetered()
        self._clock_s = clock_s
        self._sleep = sleep
        self._draw = draw
        self._breaker = Breaker(name, patience, clock_s, self._turned)
        self._bulkhead = bulkhead or Bulkhead(name, patience)

    async def make(
        self,
        operation: str,
        once: Callable[[], Awaitable[T]],
        outcome_of: Callable[[T], str] = lambda _: "ok",
    ) -> T:
        """What one of them gave; ProviderAwayError when none did.

        ProviderUndoneError where it is sure that none of them did anything.
        """
        began_s, outcome = self._clock_s(), "away"
        try:
            answer = await self._in_time(once)
            outcome = outcome_of(answer)
        except ProviderAwayError as away:
            logger.warning("%s %s: %s", self.name, operation, redacted_text(str(away)))
            raise
        finally:
            self._meter.called(self.name, operation, outcome, self._clock_s() - began_s)
        return answer

    async def _in_time(self, once: Callable[[], Awaitable[T]]) -> T:
        deadline_s = self._patience().deadline_s
        deadline = asyncio.timeout(deadline_s)
        trace = _Trace(self._clock_s() + deadline_s, deadline)
        try:
            async with deadline, self._bulkhead.place():
                return await self._patiently(once, trace)
        except TimeoutError:
            says = f"no answer in {deadline_s:g} s"
            kind = ProviderAwayError if trace.may_be_done else ProviderUndoneError
            raise kind(says) from None

    async def _patiently(self, once: Callable[[], Awaitable[T]], trace: _Trace) -> T:
        patience = self._patience()
        for attempt in range(patience.attempts):
            was_done, trace.may_be_done = trace.may_be_done, True
            try:
                return await self._guarded(once, trace.deadline)
            except ProviderUndoneError as undone:  # its breaker would not let us ask
                if was_done:
                    raise ProviderAwayError(str(undone)) from undone
                raise
            except AttemptError as failed:
                trace.may_be_done = was_done or not failed.is_undone
                if not failed.may_repeat or attempt + 1 == patience.attempts:
                    raise _given_up(failed, trace) from failed
                wait_s = self._wait_s(patience, attempt, failed.after_s)
                if self._clock_s() + wait_s > trace.until_s:
                    # What it said is worth more than that time was over.
                    raise _given_up(failed, trace) from failed
            await self._sleep(wait_s)
        raise ProviderUndoneError("it was not asked")

    def _wait_s(self, patience: Patience, attempt: int, asked_s: float) -> float:
        """Doubles, and differs between callers, who else would all come back in one moment."""
        longest_s = min(patience.retry_wait_s * 2.0**attempt, patience.retry_wait_s_max)
        return max(longest_s * (1.0 + self._draw()) / 2.0, asked_s)

    async def _guarded(self, once: Callable[[], Awaitable[T]], deadline: asyncio.Timeout) -> T:
        self._breaker.enter()
        try:
            answer = await once()
        except AttemptError as failed:
            if failed.counts:
                self._breaker.failed()
            else:
                self._breaker.succeeded()
            raise
        except BaseException:
            # Who has used up the whole time has failed; that whoever asked went away says nothing.
            if deadline.expired():
                self._breaker.failed()
            else:
                self._breaker.left()
            raise
        self._breaker.succeeded()
        return answer

    def _turned(self, is_open: bool) -> None:
        self._meter.turned(self.name, is_open=is_open)
        logger.warning("%s is %s", self.name, "left alone" if is_open else "asked again")


def _given_up(failed: AttemptError, trace: _Trace) -> ProviderAwayError:
    says = str(failed)
    if trace.may_be_done:
        return ProviderAwayError(says)
    if failed.is_throttled:
        return ProviderThrottledError(says, failed.after_s)
    return ProviderUndoneError(says, failed.after_s)
