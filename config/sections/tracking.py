"""The truck shards."""

from __future__ import annotations

from config.schema import Count, Positive, Section, key


class Tracking(Section):
    """The truck shards."""

    shards: Count = key("Actors that the trucks are spread over.")
    late_horizon_s: Positive = key("Older fixes are stored but change no event.")
    late_span_gap_s: Positive = key("Late fixes further apart than this are settled apart.")
    snapshot_interval_s: Positive = key("How often changed trucks are kept for recovery.")
    snapshot_rows_per_chunk: Count = key("Trucks kept at a time; a chunk stops the folding.")
    batch_log_kept_s: Positive = key("How long the log of batches is kept.")
    live_publish_ms_min: Positive = key("Last positions go to the live feed at most so often.")
    query_deadline_s: Positive = key("A shard that has not answered by then is away.")
    retry_wait_s_min: Positive = key("The first wait before the store is tried again.")
    retry_wait_s_max: Positive = key("The longest wait before the store is tried again.")
