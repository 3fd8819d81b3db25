"""What an attempt came to: what the receiver's answer, or its silence, means for the delivery."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

import msgspec

OK, MULTIPLE_CHOICES, BAD_REQUEST = 200, 300, 400
GONE = 410


class Verdict(StrEnum):
    SUCCESS = "success"
    RETRY = "retry"
    NEVER = "never"  # this message will not be taken; others may be
    GONE = "gone"  # nobody is there any more, by its own words


class Heard(msgspec.Struct, frozen=True):
    """Of one attempt: the status of an answer, or why there was none."""

    at_ms: int
    status: int | None = None
    trouble: str | None = None
    asked_wait_s: float | None = None  # Retry-After
    location: str | None = None  # of a redirect


class Judged(msgspec.Struct, frozen=True):
    verdict: Verdict
    error: str | None  # in words, for people


def judged(heard: Heard, never_statuses: Collection[int]) -> Judged:
    status = heard.status
    if status is None:
        return Judged(Verdict.RETRY, heard.trouble or "no answer")
    if OK <= status < MULTIPLE_CHOICES:
        return Judged(Verdict.SUCCESS, None)
    if status == GONE:
        return Judged(Verdict.GONE, "answers 410: it is gone, and wants nothing more")
    if MULTIPLE_CHOICES <= status < BAD_REQUEST:
        to = f" to {heard.location}" if heard.location else ""
        return Judged(Verdict.RETRY, f"answers {status}: redirects{to} are not followed")
    if status in never_statuses:
        return Judged(Verdict.NEVER, f"answers {status}: it will not take this message")
    return Judged(Verdict.RETRY, f"answers {status}")
