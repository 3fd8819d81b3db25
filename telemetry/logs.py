"""Structured logs of every process: one JSON object a line, with what it is about, in batches."""

from __future__ import annotations

import logging
import logging.handlers
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from freight.cloudevents import rfc3339
from freight.redaction import redacted, redacted_text
from telemetry import work

ROOT = "ubertruck"
ACCESS = "ubertruck.access"
BUFFERED_LINES_MAX = 500  # fixed: known before the configuration is
FLUSH_S = 1.0  # the same
# Loggers that are named for the modules of ours that write to them.
OURS = ("actors", "config", "freight", "ingest", "launch", "providers", "serve", "store")

# Takes whole lines; may be called by any thread, one at a time.
Sink = Callable[[bytes], None]


class JsonLines(logging.Formatter):
    """What is passed as `extra={"fields": {...}}` becomes keys of the line.

    Personal data and secrets are masked on the way. Not in access lines, which are the most by far
    and are made of names and numbers only.
    """

    def __init__(self, service: str | None = None) -> None:
        super().__init__()
        self._process: dict[str, Any] = {}
        if service is not None:
            self._process = {"service": service, "pid": os.getpid()}

    def format(self, record: logging.LogRecord) -> str:
        is_access = record.name == ACCESS
        fields = getattr(record, "fields", {})
        line: dict[str, Any] = {
            "time": rfc3339(int(record.created * 1000)),
            "level": record.levelname.lower(),
            **self._process,
            "logger": record.name,
            "message": redacted_text(record.getMessage()),
            "correlation_id": getattr(record, "correlation_id", None),
            "trace_id": getattr(record, "trace_id", None),
            "tenant": None,
            **getattr(record, "work_fields", {}),
            **(fields if is_access else redacted(fields)),
        }
        if record.exc_info:
            line["exception"] = redacted_text(self.formatException(record.exc_info))
        return msgspec.json.encode(line, enc_hook=str).decode()


class AboutWork(logging.Filter):
    """Notes whose work it is about when the line is logged: when it is written, another runs."""

    def filter(self, record: logging.LogRecord) -> bool:
        at_hand = work.current()
        if at_hand is not None:
            record.correlation_id = at_hand.correlation or None
            record.trace_id = None if at_hand.trace is None else at_hand.trace.trace_id
            record.work_fields = dict(at_hand.fields)
        return True


class BatchedLines(logging.handlers.BufferingHandler):
    """Writes what it holds at once: when it is full, at a warning, and when it is flushed."""

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self.sink: Sink = to_stderr
        self.lines: Counter[str] = Counter()

    def shouldFlush(self, record: logging.LogRecord) -> bool:  # noqa: N802 - the base's name
        return super().shouldFlush(record) or record.levelno >= logging.WARNING

    def flush(self) -> None:
        self.acquire()
        try:
            lines = "".join(f"{self.format(record)}\n" for record in self.buffer)
            self.lines.update(record.levelname.lower() for record in self.buffer)
            self.buffer.clear()
            if lines:
                self.sink(lines.encode())
        finally:
            self.release()


def to_stderr(lines: bytes) -> None:
    """Not sys.stderr: under Serve that is an object which looks through the call stack for every
    line, and held the event loop for 100 ms every second at 600 requests/s."""
    if sys.__stderr__ is not None:
        sys.__stderr__.write(lines.decode())
        sys.__stderr__.flush()


def configure() -> BatchedLines:
    """Sets the product's logger up once a process; what it holds is written once a second."""
    logger = logging.getLogger(ROOT)
    for handler in logger.handlers:
        if isinstance(handler, BatchedLines):
            return handler
    buffered = BatchedLines(BUFFERED_LINES_MAX)
    buffered.setFormatter(JsonLines())
    buffered.addFilter(AboutWork())
    logger.addHandler(buffered)
    logger.setLevel(level())
    logger.propagate = False
    threading.Thread(
        target=_flush_for_ever, args=(buffered,), name="log-flush", daemon=True
    ).start()
    return buffered


def configure_process(service: str, sink: Sink) -> BatchedLines:
    """Everything this process logs, its libraries' warnings too, goes there under its name."""
    buffered = configure()
    buffered.setFormatter(JsonLines(service))
    buffered.sink = sink
    for name in OURS:
        logger = logging.getLogger(name)
        if buffered not in logger.handlers:
            logger.addHandler(buffered)
        logger.setLevel(level())
        logger.propagate = False
    everything = logging.getLogger()
    if buffered not in everything.handlers:
        everything.addHandler(buffered)
    return buffered


def level() -> str:
    return os.environ.get("LOG_LEVEL", "INFO").upper()


def _flush_for_ever(buffered: BatchedLines) -> None:
    """Lines wait for company, but not for long."""
    never = threading.Event()
    while not never.wait(FLUSH_S):
        buffered.flush()
