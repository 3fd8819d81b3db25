"""The correlation id of the request at hand: taken from its header when fit, else made."""

from __future__ import annotations

import re
from contextvars import ContextVar

HEADER = "X-Correlation-ID"
# What may safely stand in a log line and a header.
_FIT = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")

_current: ContextVar[str] = ContextVar("correlation_id", default="")


def correlation_id() -> str:
    return _current.get()


def begin(given: str | None, otherwise: str) -> str:
    """Sets the id for this request's task; an unfit one is replaced, never passed on."""
    fit = given is not None and _FIT.fullmatch(given) is not None
    chosen = given if given is not None and fit else otherwise
    _current.set(chosen)
    return chosen
