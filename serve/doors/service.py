"""Hands a request's fixes to an ingest worker, and puts what it says into problems."""

from __future__ import annotations

import time
from collections.abc import Callable

from fastapi import Request

from actors.doors import Form, HttpFixes, HttpTaken, Trouble
from serve.doors.senders import Sender
from serve.doors.wire import FixesOut
from serve.gateway import Gateway
from serve.problems import (
    InvalidError,
    NotFoundError,
    ProblemError,
    TooLargeError,
    TooManyError,
    UnauthorisedError,
    UnavailableError,
)

RATE, MALFORMED = "rate", "malformed"
# A problem names so many of the fixes; the body of a request holds thousands.
NAMED_MAX = 20  # fixed: how long an answer is good to read


async def take(gateway: Gateway, sender: Sender, form: Form, request: Request) -> FixesOut:
    """Committed when it returns. A fix that we do not take is told beside those we do; a problem
    is raised when there is none that we do."""
    body = await request.body()
    bytes_max = gateway.policy.doors.http.body_bytes_max
    if len(body) > bytes_max:
        raise TooLargeError(f"at most {bytes_max} bytes are read")
    query: bytes = request.scope["query_string"]
    asked = HttpFixes(
        form=form,
        received_ms=int(time.time() * 1000),
        body=body,
        query=query,
        content_type=request.headers.get("content-type", ""),
        tenant=sender.tenant,
        truck=sender.truck,
    )
    taken = await gateway.actors.take_fixes(asked)
    if taken.trouble is not None:
        raise _problem(gateway, taken.trouble, taken.detail)
    _refuse_if_nothing_is_taken(gateway, form, taken)
    return FixesOut.of(taken)


def _problem(gateway: Gateway, trouble: Trouble, detail: str) -> ProblemError:
    retry_s = gateway.policy.doors.http.busy_retry_s
    problem_of: dict[Trouble, Callable[[], ProblemError]] = {
        Trouble.MALFORMED: lambda: InvalidError.at("", detail),
        Trouble.TOO_MANY_FIXES: lambda: InvalidError.at("", detail),
        Trouble.UNKNOWN: lambda: NotFoundError(detail),
        Trouble.KEY: lambda: UnauthorisedError(detail),
        Trouble.BUSY: lambda: UnavailableError(detail, retry_after_s=retry_s),
        Trouble.AWAY: lambda: UnavailableError(detail, retry_after_s=retry_s),
    }
    return problem_of[trouble]()


def _refuse_if_nothing_is_taken(gateway: Gateway, form: Form, taken: HttpTaken) -> None:
    """OsmAnd's clients send what was refused for ever, and nothing behind it: only what cannot
    be read is a problem to them."""
    rejected = [one for one in taken.results if one.result == "rejected"]
    if len(rejected) < len(taken.results) or not rejected:
        return
    if any(one.reason == RATE for one in rejected):
        retry = {"Retry-After": str(gateway.policy.doors.http.busy_retry_s)}
        raise TooManyError(str(rejected[0].detail or "too many fixes"), headers=retry)
    if form is Form.OSMAND and any(one.reason != MALFORMED for one in rejected):
        return
    errors = [
        {"pointer": f"/{number}", "detail": f"{one.reason}: {one.detail}"}
        for number, one in enumerate(rejected[:NAMED_MAX])
    ]
    raise InvalidError("none of the fixes could be taken; errors says why", errors=errors)
