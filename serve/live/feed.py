"""One tenant's live feed on this replica, kept while anybody views it."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from config.policy import Policy
from serve.live.columns import LiveColumns
from serve.live.resume import Place, Progress
from telemetry import tracing, work
from telemetry.work import Work

if TYPE_CHECKING:
    from serve.live.viewer import Viewer


class TenantFeed:
    def __init__(self, tenant_key: int, tenant: str, policy: Policy) -> None:
        self.tenant_key = tenant_key
        self.tenant = tenant
        self.viewers: set[Viewer] = set()
        self.columns = LiveColumns(
            moving_kmh_min=policy.status.moving_kmh_min,
            offline_after_s=policy.status.offline_after_s,
        )
        # Which events have been passed on; None until the log said where it ends.
        self.progress: Progress | None = None
        self._skew_s = policy.live.resume_skew_s
        # Looked at the shards once, whether they answered or not: viewers need not wait longer.
        self.is_filled = False
        # The shards or the event log have to be asked again, as soon as they answer.
        self.is_stale = True
        self.synced_s = 0.0
        self.heard_s = 0.0
        # Whose positions somebody wants to see arrive, and since when they are here.
        self.traced: tuple[Work, int] | None = None
        # Twice a queue: an event that comes by Redis and by catching up is passed on once.
        self._seen: deque[int] = deque(maxlen=2 * policy.live.event_queue_max)
        self._seen_set: set[int] = set()

    def take(self, policy: Policy) -> None:
        """What was changed for this tenant, for its trucks and whoever watches them now."""
        self.columns.judge_by(
            moving_kmh_min=policy.status.moving_kmh_min,
            offline_after_s=policy.status.offline_after_s,
            now_ms=int(time.time() * 1000),
        )
        for viewer in self.viewers:
            viewer.live = policy.live

    def tell_sent(self) -> None:
        """A viewer has been sent what there was to send."""
        if self.traced is not None:
            (of, since_ns), self.traced = self.traced, None
            with work.doing(of):
                tracing.lap("feed.frame", since_ns, viewers=len(self.viewers))

    def begin_at(self, seq: int) -> None:
        self.progress = Progress(seq, self._skew_s)

    def place(self) -> Place | None:
        return None if self.progress is None else self.progress.place(time.monotonic())

    def pass_on_event(self, seq: int, text: str, carrier: str | None = None) -> None:
        """`carrier` is whose truck it is about, if it is about one that somebody has."""
        if seq in self._seen_set:
            return
        if len(self._seen) == self._seen.maxlen:
            self._seen_set.discard(self._seen[0])
        self._seen.append(seq)
        self._seen_set.add(seq)
        if self.progress is not None:
            self.progress.note(seq, time.monotonic())
        for viewer in self.viewers:
            viewer.offer_event(seq, text, carrier)
