"""What is noted about one request while it runs: for the access log, metrics and errors."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, cast

from starlette.types import Scope

if TYPE_CHECKING:
    from serve.idempotency.repeatable import Repeatable

KEY = "ubertruck.request"


@dataclasses.dataclass(slots=True)
class RequestRecord:
    correlation_id: str
    started_s: float
    origin: str | None = None  # the address the request came from
    tenant: str | None = None
    tenant_key: int | None = None
    principal: str | None = None
    # What it tried, by the names of the audit trail, and why it was refused.
    action: str | None = None
    subject: str | None = None
    refusal: str | None = None
    status: int = 0
    bytes_sent: int = 0
    traceparent: str = ""  # as it goes out: our own part of the caller's trace
    parent_id: str | None = None  # of the caller's own part
    limit_headers: Sequence[tuple[bytes, bytes]] = ()
    # Set when it carries an Idempotency-Key.
    repeatable: Repeatable | None = None


_current: ContextVar[RequestRecord | None] = ContextVar("request_record", default=None)


def begin(record: RequestRecord) -> None:
    """Makes it the record of this request's task."""
    _current.set(record)


def current() -> RequestRecord | None:
    """The request at hand, for what is written below the routes; None outside of requests."""
    return _current.get()


def attempt(action: str, subject: str) -> None:
    """Names what the request at hand is about to do, for the audit trail if it is refused."""
    record = _current.get()
    if record is not None:
        record.action, record.subject = action, subject


def record_of(scope: Scope) -> RequestRecord:
    return cast(RequestRecord, scope[KEY])


def route_of(scope: Scope) -> str:
    """The route's template, never the path: paths carry ids and would be endless labels."""
    return str(getattr(scope.get("route"), "path", "(none)"))
