"""What the work at hand belongs to, wherever it came from: correlation id, trace, tenant."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Iterator
from contextvars import ContextVar

import msgspec

from telemetry.traceparent import SpanContext, parsed

HEADER = "X-Correlation-ID"
# What may safely stand in a log line, in a header and between processes.
_FIT = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_NOTHING = "-"
_FIELD_OF = {"bookings": "booking", "trucks": "truck"}


@dataclasses.dataclass(frozen=True, slots=True)
class Work:
    correlation: str = ""
    trace: SpanContext | None = None
    # What every log line of it says; grows while one finds out whose work it is.
    fields: dict[str, str] = dataclasses.field(default_factory=dict)


_current: ContextVar[Work | None] = ContextVar("work", default=None)


def current() -> Work | None:
    return _current.get()


def correlation_id() -> str:
    work = _current.get()
    return "" if work is None else work.correlation


def is_fit(given: str | None) -> bool:
    return given is not None and _FIT.fullmatch(given) is not None


def begin(work: Work) -> None:
    """What this task does from here on."""
    _current.set(work)


@contextlib.contextmanager
def doing(work: Work) -> Iterator[Work]:
    """For a task that does one thing after another."""
    token = _current.set(work)
    try:
        yield work
    finally:
        _current.reset(token)


def note(**fields: str | None) -> None:
    """For the log lines from here on: `tenant`, `booking`, `truck`. Names, never personal data."""
    work = _current.get()
    if work is not None:
        work.fields.update({name: value for name, value in fields.items() if value is not None})


class _Attributes(msgspec.Struct):
    """What a CloudEvent says of the work that it came of."""

    correlationid: str | None = None
    traceparent: str | None = None
    tenant: str | None = None
    subject: str | None = None


def of_cloud_event(body: bytes) -> Work:
    """The work that a fact came of, to be gone on with by who passes the fact on."""
    try:
        said = msgspec.json.decode(body, type=_Attributes)
    except msgspec.DecodeError:
        return Work()
    of = resumed(said.correlationid, said.traceparent)
    with doing(of):
        note(tenant=said.tenant)
        note_subject(said.subject or "")
    return of


def headers() -> dict[str, str]:
    """For whoever is told of the work at hand over HTTP."""
    given = {HEADER.lower(): correlation_id() or None, "traceparent": traceparent()}
    return {name: value for name, value in given.items() if value is not None}


def note_subject(subject: str) -> None:
    """What a fact is about, under the name that others look for it."""
    kind, _, name = subject.partition("/")
    if name:
        note(**{_FIELD_OF.get(kind, "subject"): name if kind in _FIELD_OF else subject})


def traceparent() -> str | None:
    """Of what is recorded only: for whoever goes on with it later."""
    work = _current.get()
    if work is None or work.trace is None or not work.trace.is_sampled:
        return None
    return work.trace.header()


def carried() -> str:
    """For a call to another process; empty when there is nothing to tell."""
    work = _current.get()
    if work is None:
        return ""
    trace = traceparent()
    if not work.correlation and trace is None:
        return ""
    return f"{work.correlation or _NOTHING} {trace or _NOTHING}"


def taken_over(text: str) -> Work:
    """What `carried` gave, on the other side."""
    correlation, _, trace = text.partition(" ")
    return resumed(None if correlation == _NOTHING else correlation, trace)


def resumed(correlation: str | None, trace: str | None) -> Work:
    """Work that was written down with these, and is gone on with."""
    fit = correlation if correlation is not None and is_fit(correlation) else ""
    return Work(fit, parsed(trace))
