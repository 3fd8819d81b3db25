"""After a failure it is known whether anything may have been done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from config.policy import defaults
from config.sections.providers import Patience
from providers.attempts import AttemptError, Attempts, BusyError
from providers.errors import ProviderAwayError, ProviderThrottledError, ProviderUndoneError

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
