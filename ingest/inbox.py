"""Messages between the broker's sockets and the windows: bounded, whichever session they are of."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from typing import NamedTuple

from config.sections.ingest import Batching
from ingest.messages import Message
from ingest.mqtt_client import Session


class Picked(NamedTuple):
    """A window's worth of messages, and to whom each is acknowledged."""

    messages: list[Message]
    mids: dict[Session, list[int]]


class Inbox:
    """Full, it leaves messages in the sockets; the broker then keeps them."""

    def __init__(self, limits: Batching, counts: Counter[str]) -> None:
        self._limits = limits
        self._counts = counts
        self._waiting: deque[tuple[Session, Message]] = deque()
        self._paused: set[Session] = set()
        self.news = asyncio.Event()
        self.empty = asyncio.Event()
        self.empty.set()
        self.bytes = 0
        self._is_closed = False

    def close(self) -> None:
        """From now on nothing more is taken; what the broker is not told of it sends again."""
        self._is_closed = True

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def fills_a_window(self) -> bool:
        limits = self._limits
        return len(self._waiting) >= limits.messages_max or self.bytes >= limits.bytes_max

    def take(self, session: Session, message: Message) -> None:
        if self._is_closed:
            session.pause_reading()
            return
        self._waiting.append((session, message))
        self.empty.clear()
        self.bytes += len(message.payload)
        if (
            len(self._waiting) >= self._limits.pending_messages_max
            or self.bytes >= self._limits.pending_bytes_max
        ):
            session.pause_reading()
            self._paused.add(session)
            self._counts["read_pauses_total"] += 1
        self.news.set()

    def pick(self) -> Picked:
        """Up to a window's worth, in the order they came."""
        picked = Picked([], {})
        size = 0
        while (
            self._waiting
            and len(picked.messages) < self._limits.messages_max
            and size < self._limits.bytes_max
        ):
            session, message = self._waiting.popleft()
            size += len(message.payload)
            picked.messages.append(message)
            if message.mid:
                picked.mids.setdefault(session, []).append(message.mid)
        self.bytes -= size
        if (
            self._paused
            and not self._is_closed
            and len(self._waiting) < self._limits.pending_messages_max // 2
            and self.bytes < self._limits.pending_bytes_max // 2
        ):
            # One that is gone has no socket to read from any more.
            for session in self._paused:
                session.resume_reading()
            self._paused.clear()
        if not self._waiting:
            self.news.clear()
            self.empty.set()
        return picked
