"""What is noted about one request while it runs: for the access log, metrics and errors."""

from __future__ import annotations

import dataclasses
from typing import cast

from starlette.types import Scope

KEY = "ubertruck.request"


@dataclasses.dataclass(slots=True)
class RequestRecord:
    correlation_id: str
    started_s: float
    tenant: str | None = None
    status: int = 0


def record_of(scope: Scope) -> RequestRecord:
    return cast(RequestRecord, scope[KEY])


def route_of(scope: Scope) -> str:
    """The route's template, never the path: paths carry ids and would be endless labels."""
    return str(getattr(scope.get("route"), "path", "(none)"))
