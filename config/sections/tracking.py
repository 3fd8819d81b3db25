"""The truck shards."""

from __future__ import annotations

from config.schema import Count, Positive, Section


class Tracking(Section):
    """The truck shards."""

    shards: Count
    late_horizon_s: Positive
    late_span_gap_s: Positive
    snapshot_interval_s: Positive
    snapshot_rows_per_chunk: Count
    batch_log_kept_s: Positive
    live_publish_ms_min: Positive
    query_deadline_s: Positive
    retry_wait_s_min: Positive
    retry_wait_s_max: Positive
    moving_kmh_min: Positive
    offline_after_s: Positive
