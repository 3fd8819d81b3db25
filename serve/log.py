"""Structured logs: one JSON object a line, with the correlation id, written in batches."""

from __future__ import annotations

import logging
import logging.handlers
import os
import sys
from typing import Any

import msgspec

from freight.cloudevents import rfc3339
from serve.correlation import correlation_id

ROOT = "ubertruck"
BUFFERED_LINES_MAX = 500


class JsonLines(logging.Formatter):
    """What is passed as `extra={"fields": {...}}` becomes keys of the line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": rfc3339(int(record.created * 1000)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "correlation_id": getattr(record, "correlation_id", None),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


class Correlated(logging.Filter):
    """Notes the id when the line is logged: by the time it is written, another request runs."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.correlation_id = correlation_id() or None
        return True


def configure() -> logging.handlers.MemoryHandler:
    """Sets the product's logger up once a process; the caller flushes what is returned."""
    logger = logging.getLogger(ROOT)
    for handler in logger.handlers:
        if isinstance(handler, logging.handlers.MemoryHandler):
            return handler
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(JsonLines())
    buffered = logging.handlers.MemoryHandler(
        BUFFERED_LINES_MAX, flushLevel=logging.WARNING, target=lines
    )
    buffered.addFilter(Correlated())
    logger.addHandler(buffered)
    logger.setLevel(os.environ.get("LOG_LEVEL", "INFO"))
    logger.propagate = False
    return buffered
