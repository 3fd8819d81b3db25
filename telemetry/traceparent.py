"""W3C trace context: which trace, which part of it, and whether anybody wants to see it."""

from __future__ import annotations

import random
import re
from typing import NamedTuple

HEADER = b"traceparent"
_FIT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16
_FIRST_VERSION, _FORBIDDEN_VERSION = "00", "ff"
_SAMPLED = 1  # the standard's bit


class SpanContext(NamedTuple):
    """One part of a trace, as it is passed on."""

    trace_id: str
    span_id: str
    is_sampled: bool

    def header(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.is_sampled else '00'}"

    def child(self) -> SpanContext:
        return SpanContext(self.trace_id, new_span_id(), self.is_sampled)


def new_span_id() -> str:
    """Not a secret, only unlikely to meet another."""
    return f"{random.getrandbits(64) or 1:016x}"


def begun(*, is_sampled: bool) -> SpanContext:
    return SpanContext(f"{random.getrandbits(128) or 1:032x}", new_span_id(), is_sampled)


def parsed(given: str | None) -> SpanContext | None:
    """What somebody else is doing; None when it is no trace context."""
    found = None if given is None else _FIT.fullmatch(given)
    if found is None:
        return None
    version, trace, span, flags, more = found.groups()
    # The first version has exactly four parts, later ones may have more.
    is_odd = version == _FORBIDDEN_VERSION or (version == _FIRST_VERSION and more is not None)
    if is_odd or trace == _NO_TRACE or span == _NO_SPAN:
        return None
    return SpanContext(trace, span, bool(int(flags, 16) & _SAMPLED))
