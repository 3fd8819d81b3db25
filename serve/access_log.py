"""One line a request: who, what, how long; no bodies, no queries, nothing personal."""

from __future__ import annotations

import logging
import time

from starlette.types import Scope

from serve.origin import masked
from serve.request_record import RequestRecord, route_of

access = logging.getLogger("ubertruck.access")


def write(scope: Scope, record: RequestRecord, method: str) -> None:
    """The path is left out on purpose: it carries ids; the route's template does not."""
    if not access.isEnabledFor(logging.INFO):
        return
    fields = {
        "method": method,
        "route": route_of(scope),
        "status": int(record.status),
        "duration_ms": round((time.perf_counter() - record.started_s) * 1000, 2),
        "bytes": record.bytes_sent,
        "tenant": record.tenant,
        "principal": record.principal,
        "origin": masked(record.origin),
    }
    access.info("request", extra={"fields": fields})
