"""After a failure it is known whether anything may have been done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from config.policy import defaults
from config.sections.providers import Patience
from providers.attempts import AttemptError, Attempts, BusyError
from providers.bulkhead import Bulkhead
from providers.errors import (
    ProviderAwayError,
    ProviderRestingError,
    ProviderThrottledError,
    ProviderUndoneError,
)

UNKNOWN = AttemptError("no answer", may_repeat=True)
UNREACHED = AttemptError("cannot be reached", may_repeat=True, is_undone=True)
BUSY = BusyError("is throttling us", may_repeat=True, is_throttled=True, after_s=0.5)
LATER = BusyError("is throttling us", may_repeat=True, is_throttled=True, after_s=3600)


async def at_once(_: float) -> None:
    """Waits for nothing."""


def patient(**changes: float) -> Patience:
    return defaults().providers.patience["usual"].model_copy(update=changes)


def telling(*answers: Exception | str) -> Callable[[], Awaitable[str]]:
    left = list(answers)

    async def once() -> str:
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return once


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ((UNREACHED, UNREACHED, UNREACHED), ProviderUndoneError),
        ((UNREACHED, UNREACHED, UNKNOWN), ProviderAwayError),
        # What the first one did nobody knows, however clear the last one was.
        ((UNKNOWN, UNREACHED, UNREACHED), ProviderAwayError),
        ((UNKNOWN, BUSY, BUSY), ProviderAwayError),
        ((UNREACHED, BUSY, BUSY), ProviderThrottledError),
        ((LATER,), ProviderThrottledError),
    ],
)
async def test_undone_is_only_what_no_attempt_may_have_done(
    answers: tuple[Exception, ...], error: type[ProviderAwayError]
) -> None:
    attempts = Attempts("x", lambda: patient(attempts=3), sleep=at_once)

    with pytest.raises(ProviderAwayError) as away:
        await attempts.make("do", telling(*answers))

    assert type(away.value) is error
    if isinstance(away.value, ProviderThrottledError):
        assert away.value.after_s == answers[-1].after_s  # type: ignore[attr-defined]


async def test_who_is_left_alone_was_not_asked() -> None:
    attempts = Attempts("x", lambda: patient(attempts=1, failures_max=1), sleep=at_once)
    with pytest.raises(ProviderAwayError):
        await attempts.make("do", telling(UNKNOWN))

    with pytest.raises(ProviderUndoneError, match="left alone"):
        await attempts.make("do", telling("done"))


async def test_the_second_attempt_is_the_last_that_a_breaker_lets_through() -> None:
    """It opens between two attempts of one question: the first may have done it."""
    attempts = Attempts("x", lambda: patient(attempts=3, failures_max=1), sleep=at_once)

    with pytest.raises(ProviderAwayError) as away:
        await attempts.make("do", telling(UNKNOWN, "done"))

    assert not isinstance(away.value, ProviderUndoneError)


async def silence() -> str:
    await asyncio.Event().wait()
    return "never"


async def test_who_uses_up_the_whole_time_has_failed() -> None:
    """Also where one attempt may last as long as all of them."""
    short = patient(failures_max=1, deadline_s=0.01, attempt_s=0.01)
    attempts = Attempts("x", lambda: short, sleep=at_once)
    with pytest.raises(ProviderAwayError, match=r"no answer in 0\.01 s"):
        await attempts.make("do", silence)

    with pytest.raises(ProviderRestingError):
        await attempts.make("do", telling("done"))


async def test_who_asks_and_goes_away_says_nothing_about_the_service() -> None:
    attempts = Attempts("x", lambda: patient(failures_max=1), sleep=at_once)
    begun = asyncio.Event()

    async def once() -> str:
        begun.set()
        return await silence()

    asking = asyncio.create_task(attempts.make("do", once))
    await begun.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    assert await attempts.make("do", telling("done")) == "done"


async def test_a_wait_that_would_end_too_late_is_not_begun() -> None:
    """What the service said is worth more than that time was over."""
    now_s = [0.0]

    async def sleep(wait_s: float) -> None:
        now_s[0] += wait_s

    slow = BusyError("is throttling us", may_repeat=True, is_throttled=True, after_s=15.0)
    usual = patient(attempts=3, deadline_s=25.0)
    attempts = Attempts("x", lambda: usual, sleep=sleep, clock_s=lambda: now_s[0])

    with pytest.raises(ProviderThrottledError) as throttled:
        await attempts.make("do", telling(slow, slow, "done"))

    assert (throttled.value.after_s, now_s[0]) == (15.0, 15.0)


async def test_those_who_share_a_bulkhead_share_its_places_and_no_breaker() -> None:
    narrow = patient(at_once_max=1, waiting_max=0, failures_max=1)
    places = Bulkhead("x", lambda: narrow)
    first, second = (Attempts("x", lambda: narrow, bulkhead=places) for _ in range(2))
    begun, over = asyncio.Event(), asyncio.Event()

    async def once() -> str:
        begun.set()
        await over.wait()
        raise AttemptError("broken", may_repeat=False)

    asking = asyncio.create_task(first.make("do", once))
    await begun.wait()
    with pytest.raises(ProviderUndoneError, match="wait already"):
        await second.make("do", telling("done"))
    over.set()
    with pytest.raises(ProviderAwayError, match="broken"):
        await asking

    with pytest.raises(ProviderRestingError):
        await first.make("do", telling("done"))
    assert await second.make("do", telling("done")) == "done"
