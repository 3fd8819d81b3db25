"""One viewer's side of the live feed: what to say to it next, at the pace it reads."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable

from config.sections.live import Live
from serve.live.columns import View
from serve.live.feed import TenantFeed
from serve.live.forms import Form
from serve.live.messages import EVENTS_LEFT_OUT, PONG, text_of
from serve.live.resume import Place, Progress, token_of
from serve.live.viewport import Bbox

NO_SUBSCRIBE = 1008
STOPPING = 1012
FULL = 1013
TOKEN_EXPIRED = 4401
TENANT_CLOSED = 4403
TOO_SLOW = 4408

# How often to look whether the feed's first fetch is done, which takes some milliseconds.
FIRST_FILL_LOOK_S = 0.02  # fixed: a look, no wait of its own

Replay = Callable[[Place], Awaitable[tuple[list[tuple[int, str]], bool]]]


@dataclasses.dataclass(frozen=True, slots=True)
class Closing:
    code: int
    reason: str


class Viewer:
    """Iterating it gives messages to send; sending one takes as long as the reader takes.

    So there is never more than one frame on its way, and a slow reader gets fewer frames with
    fresher content, without anybody else noticing.
    """

    def __init__(
        self,
        feed: TenantFeed,
        form: Form,
        live: Live,
        *,
        expires_s: float,
        replay: Replay | None,
        carrier: str | None = None,
    ) -> None:
        self._feed = feed
        self._form = form
        self.live = live
        self._expires_s = expires_s
        self._replay = replay  # None: this viewer may not see events
        self._carrier = carrier  # set: only its trucks and what happens to them
        self._view = View(carrier=carrier)
        self._progress: Progress | None = None
        self._events: deque[tuple[int, str]] = deque()
        self._events_lost = False
        self._resume: Place | None = None
        self._reply: str | None = None
        self._is_subscribed = False
        self._seq = 0
        self._opened_s = self._due_s = self._token_due_s = time.monotonic()
        self._wake = asyncio.Event()
        self.closing: Closing | None = None
        self.events_dropped = 0

    # ------------------------------------------------------------------ what happens to it

    def subscribe(self, bbox: Bbox | None, resume: Place | None) -> None:
        self._view.bbox = bbox
        self._view.wants_snapshot = True
        self._is_subscribed = True
        if resume is not None:
            self._resume = resume
        self._wake.set()

    def reply(self, text: str) -> None:
        """Only the last reply is kept: who asks faster than it reads needs no older answer."""
        self._reply = text
        self._wake.set()

    def pong(self) -> None:
        self.reply(PONG)

    def offer_event(self, seq: int, text: str, carrier: str | None = None) -> None:
        if self._replay is None or (self._carrier is not None and carrier != self._carrier):
            return
        if len(self._events) >= self.live.event_queue_max:
            self.events_dropped += len(self._events)
            self._events.clear()
            self._events_lost = True
        self._events.append((seq, text))

    def lose_events(self) -> None:
        self._events_lost = self._replay is not None

    def close(self, code: int, reason: str) -> None:
        self.closing = self.closing or Closing(code, reason)
        self._wake.set()

    def token(self) -> str | None:
        """None while it is not known where the event log ends, or is none of its business."""
        if self._progress is None:
            return None
        return token_of(self._progress.place(time.monotonic()))

    # ------------------------------------------------------------------ what it is to be sent

    async def messages(self) -> AsyncIterator[bytes | str]:
        """Ends when `closing` says why."""
        yield text_of("hello", tenant=self._feed.tenant, interval_ms=self.live.interval_ms)
        while True:
            await self._turn()
            self._check()
            if self.closing is not None:
                return
            if self._reply is not None:
                reply, self._reply = self._reply, None
                yield reply
            if not self._is_subscribed or time.monotonic() < self._due_s:
                continue
            if not self._feed.is_filled:
                self._due_s = time.monotonic() + FIRST_FILL_LOOK_S
                continue
            self._due_s = time.monotonic() + self.live.interval_ms / 1000.0
            async for text in self._due_events():
                yield text
            frame = self._frame()
            if frame is not None:
                yield frame
                self._feed.tell_sent()
            if time.monotonic() >= self._token_due_s:
                self._token_due_s = time.monotonic() + self.live.resume_token_s
                token = self.token()
                if token is not None:
                    yield text_of("resume", token=token)

    async def _turn(self) -> None:
        """Until the next frame is due, or something was said in between."""
        loop = asyncio.get_running_loop()
        wait_s = self._due_s - time.monotonic() if self._is_subscribed else self.live.resume_token_s
        if wait_s <= 0:
            await asyncio.sleep(0)
        elif not self._wake.is_set():
            timer = loop.call_later(wait_s, self._wake.set)
            await self._wake.wait()
            timer.cancel()
        self._wake.clear()

    def _check(self) -> None:
        waited_s = time.monotonic() - self._opened_s
        if time.time() >= self._expires_s:
            self.close(TOKEN_EXPIRED, "the token has expired")
        elif not self._is_subscribed and waited_s > self.live.first_subscribe_s_max:
            self.close(NO_SUBSCRIBE, "nothing was subscribed to")

    async def _due_events(self) -> AsyncIterator[str]:
        replayed: set[int] = set()
        if self._resume is not None and self._replay is not None:
            resume, self._resume = self._resume, None
            self._progress = Progress.from_place(resume, self.live.resume_skew_s, time.monotonic())
            missed, is_complete = await self._replay(resume)
            self._events_lost |= not is_complete
            for seq, text in missed:
                replayed.add(seq)
                self._note(seq)
                yield text
        place = self._feed.place() if self._progress is None else None
        if place is not None and self._replay is not None:
            self._progress = Progress.from_place(place, self.live.resume_skew_s, time.monotonic())
        if self._events_lost:
            self._events_lost = False
            yield text_of("resync", detail=EVENTS_LEFT_OUT, token=self.token())
        while self._events:
            seq, text = self._events.popleft()
            if seq not in replayed:
                self._note(seq)
                yield text

    def _note(self, seq: int) -> None:
        if self._progress is not None:
            self._progress.note(seq, time.monotonic())

    def _frame(self) -> bytes | str | None:
        selection = self._feed.columns.select(self._view)
        if selection is None:
            return None
        self._seq += 1
        now_ms = int(time.time() * 1000)
        return self._form(self._feed.columns, self._view, selection, self._seq, now_ms)
