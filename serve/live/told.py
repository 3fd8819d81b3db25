"""What is told of a fact that is passed on live, when it came of work that somebody follows."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

from serve.live.feed import TenantFeed
from telemetry import tracing, work
from telemetry.spans import Kind

log = logging.getLogger("ubertruck.live")


@contextlib.contextmanager
def told_of(feed: TenantFeed, body: dict[str, Any]) -> Iterator[None]:
    """`body` is the fact as a CloudEvent."""
    correlation, trace = body.get("correlationid"), body.get("traceparent")
    if correlation is None and trace is None:
        yield
        return
    with work.doing(work.resumed(correlation, trace)):
        work.note(tenant=feed.tenant)
        work.note_subject(body["subject"])
        with tracing.span("feed.event", Kind.CONSUMER, viewers=len(feed.viewers)):
            yield
        if correlation is not None:
            said = {"event": body["id"], "type": body["type"], "viewers": len(feed.viewers)}
            log.info("passed on", extra={"fields": said})
