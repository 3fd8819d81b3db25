"""The truck shards."""

from __future__ import annotations

from config.schema import Count, Positive, Section, key


class Tracking(Section):
    """The truck shards."""

    shards: Count = key("Actors that the trucks are spread over.")
    late_horizon_s: Positive = key("Older fixes are stored but change no event.")
    refold_fixes_max: Count = key(
        "Fixes folded again in one transaction because of late ones; the rest follows later."
    )
    refold_piece_fixes: Count = key("Fixes of one truck read and folded again at a time.")
    checkpoints_kept_s: Positive = key(
        "States of trucks are kept for so long behind the horizon of late fixes."
    )
    replay_fixes_max: Count = key(
        "Fixes folded again to derive an event a second time, for its evidence.", live=True
    )
    replay_reach_m: Positive = key(
        "Fences farther than this from those fixes are left out then.", live=True
    )
    silence_look_s: Positive = key("How often it is looked for trucks that fell silent.")
    silence_s_min: Positive = key("No truck that was heard later than this is looked at then.")
    silent_trucks_max: Count = key("Trucks told to be silent in one transaction.")
    order_wait_s: Positive = key(
        "How long a batch waits for one that was sent before it and is not here yet."
    )
    late_work_s: Positive = key("How often late fixes that were too many at once are gone on with.")
    snapshot_interval_s: Positive = key("How often changed trucks are kept for recovery.")
    snapshot_rows_per_chunk: Count = key("Trucks kept at a time; a chunk stops the folding.")
    batch_log_kept_s: Positive = key("How long the log of batches is kept.")
    live_publish_ms_min: Positive = key("Last positions go to the live feed at most so often.")
    query_deadline_s: Positive = key("A shard that has not answered by then is away.")
    retry_wait_s_min: Positive = key("The first wait before the store is tried again.")
    retry_wait_s_max: Positive = key("The longest wait before the store is tried again.")
