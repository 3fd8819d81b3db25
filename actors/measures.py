"""How long the shards' commits take, and how old fixes are by then."""

from __future__ import annotations

import numpy as np

from freight.booking.state import Booking
from freight.fixes import FixArray
from telemetry.figures import LAG_BUCKETS_S, SIZE_BUCKETS, counter, histogram

wait_s = histogram("shard_wait_seconds", "Until a batch has its turn")
commit_s = histogram("shard_commit_seconds", "Folding and committing one batch")
batch_fixes = histogram("shard_batch_fixes", "Fixes in one batch", buckets=SIZE_BUCKETS)
_lag_s = histogram(
    "fix_lag_seconds",
    "Of each batch: received - the newest fix, from device time to arrival; committed - the one "
    "that waited longest, from arrival to commit",
    ("stage",),
    LAG_BUCKETS_S,
)
_received, _committed = _lag_s.labels("received"), _lag_s.labels("committed")
booking_step_s = histogram("booking_step_seconds", "One command of a booking, its turn included")
dispatch_round_s = histogram("dispatch_round_seconds", "One round of dispatching of a tenant")


_booking_events = counter("booking_events", "What became of bookings", ("type",))
_offer_events = counter("offer_events", "What became of offers, and of legs' search", ("type",))
# fixed: the series of histograms; changing them breaks every dashboard
_WAIT_BUCKETS_S = (10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 14_400.0, 86_400.0)
dispatch_s = histogram(
    "dispatch_seconds", "From the search for a truck to its promise", buckets=_WAIT_BUCKETS_S
)
_EMPTY_BUCKETS_KM = (5.0, 10.0, 25.0, 50.0, 100.0, 200.0, 400.0, 800.0)  # fixed: the same
empty_km = histogram(
    "dispatch_empty_km", "Empty way of trucks that are asked first", buckets=_EMPTY_BUCKETS_KM
)


def count_booking(kind: str) -> None:
    _booking_events.labels(kind).inc()


def count_offer(kind: str) -> None:
    _offer_events.labels(kind).inc()


def tell_promised(before: Booking, leg_id: str, at_ms: int) -> None:
    """A truck was found for a leg that had been looking for one until now."""
    leg = before.leg(leg_id)
    if leg is not None:
        dispatch_s.observe(max(0, at_ms - leg.since_ms) / 1000.0)


def tell_lag(fixes: FixArray, committed_ms: int) -> None:
    """Two figures a batch, so that what a fix costs does not grow."""
    if not len(fixes):
        return
    newest = int(np.argmax(fixes["ts_ms"]))
    device_ms = int(fixes["received_ms"][newest]) - int(fixes["ts_ms"][newest])
    _received.observe(max(0, device_ms) / 1000.0)
    _committed.observe(max(0, committed_ms - int(fixes["received_ms"].min())) / 1000.0)
