"""What happened from when to when, as part of a trace, and the queue of those to be sent."""

from __future__ import annotations

import dataclasses
import threading
from collections import deque
from collections.abc import Mapping
from enum import IntEnum

from telemetry.traceparent import SpanContext

Attributes = Mapping[str, str | int | float | bool]


class Kind(IntEnum):
    """Numbers of the protocol's own."""

    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Span:
    name: str
    context: SpanContext
    start_ns: int
    end_ns: int
    parent_id: str | None = None
    kind: Kind = Kind.INTERNAL
    attributes: Attributes = dataclasses.field(default_factory=dict)
    links: tuple[SpanContext, ...] = ()
    error: str | None = None


class Waiting:
    """Ended spans until they are sent; who ends one never waits for it."""

    def __init__(self, spans_max: int) -> None:
        self._spans: deque[Span] = deque()
        self._spans_max = spans_max
        self._lock = threading.Lock()
        self.ended = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._spans)

    def put(self, span: Span) -> None:
        """Full, it leaves out the newest: an outage is best explained by how it began."""
        with self._lock:
            self.ended += 1
            if len(self._spans) >= self._spans_max:
                self.dropped += 1
            else:
                self._spans.append(span)

    def take(self, limit: int) -> list[Span]:
        with self._lock:
            return [self._spans.popleft() for _ in range(min(limit, len(self._spans)))]

    def drop(self, count: int) -> None:
        """Taken, and could not be delivered."""
        with self._lock:
            self.dropped += count
