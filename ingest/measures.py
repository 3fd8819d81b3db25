"""How long each stage of ingest takes, and how much goes through it at once."""

from __future__ import annotations

from telemetry.figures import LAG_BUCKETS_S, SIZE_BUCKETS, histogram

# queue: in the inbox; read: decoded and admitted; store: until all is committed; confirm: receipts
# and acknowledgements.
_stages = histogram(
    "ingest_stage_seconds",
    "Of a window of devices' messages, by stage and door",
    ("stage", "door"),
    LAG_BUCKETS_S,
)
messages = histogram("ingest_window_messages", "Messages in a window", buckets=SIZE_BUCKETS)
fixes = histogram("ingest_window_fixes", "Fixes admitted of a window", buckets=SIZE_BUCKETS)

queue, read, store, confirm = (
    _stages.labels(stage, "mqtt") for stage in ("queue", "read", "store", "confirm")
)
read_direct, store_direct = (_stages.labels(stage, "direct") for stage in ("read", "store"))
