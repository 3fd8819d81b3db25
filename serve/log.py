"""Structured logs: one JSON object a line, with the correlation id, written in batches."""

from __future__ import annotations

import logging
import logging.handlers
import os
import sys
from typing import Any

import msgspec

from freight.cloudevents import rfc3339
from freight.redaction import redacted, redacted_text
from serve.correlation import correlation_id
from serve.request_record import current

ROOT = "ubertruck"
ACCESS = "ubertruck.access"
BUFFERED_LINES_MAX = 500  # fixed: known before the configuration is


class JsonLines(logging.Formatter):
    """What is passed as `extra={"fields": {...}}` becomes keys of the line.

    Personal data and secrets are masked on the way. Not in access lines, which are the most by far
    and are made of names and numbers only.
    """

    def format(self, record: logging.LogRecord) -> str:
        is_access = record.name == ACCESS
        fields = getattr(record, "fields", {})
        line: dict[str, Any] = {
            "time": rfc3339(int(record.created * 1000)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redacted_text(record.getMessage()),
            "correlation_id": getattr(record, "correlation_id", None),
            "trace_id": getattr(record, "trace_id", None),
            "tenant": getattr(record, "tenant", None),
            **(fields if is_access else redacted(fields)),
        }
        if record.exc_info:
            line["exception"] = redacted_text(self.formatException(record.exc_info))
        return msgspec.json.encode(line).decode()


class Correlated(logging.Filter):
    """Notes whose request it is about when the line is logged: when it is written, another runs."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.correlation_id = correlation_id() or None
        request = current()
        record.tenant = None if request is None else request.tenant
        record.trace_id = None if request is None else request.trace_id
        return True


class BatchedLines(logging.handlers.BufferingHandler):
    """Writes what it holds at once: when it is full, at a warning, and when it is flushed."""

    def shouldFlush(self, record: logging.LogRecord) -> bool:  # noqa: N802 - the base's name
        return super().shouldFlush(record) or record.levelno >= logging.WARNING

    def flush(self) -> None:
        self.acquire()
        try:
            lines = "".join(f"{self.format(record)}\n" for record in self.buffer)
            self.buffer.clear()
            # Not sys.stderr: under Serve that is an object which looks through the call stack for
            # every line, and held the event loop for 100 ms every second at 600 requests/s.
            if lines and sys.__stderr__ is not None:
                sys.__stderr__.write(lines)
                sys.__stderr__.flush()
        finally:
            self.release()


def configure() -> BatchedLines:
    """Sets the product's logger up once a process; the caller flushes what is returned."""
    logger = logging.getLogger(ROOT)
    for handler in logger.handlers:
        if isinstance(handler, BatchedLines):
            return handler
    buffered = BatchedLines(BUFFERED_LINES_MAX)
    buffered.setFormatter(JsonLines())
    buffered.addFilter(Correlated())
    logger.addHandler(buffered)
    logger.setLevel(os.environ.get("LOG_LEVEL", "INFO"))
    logger.propagate = False
    return buffered
