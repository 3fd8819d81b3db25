"""The live feed and its viewers."""

from __future__ import annotations

from config.schema import Count, Positive, Section


class Live(Section):
    interval_ms: Count
    viewers_max: Count
    # A viewer whose socket is not drained for this long is cut; until then it gets last values.
    stalled_s_max: Positive
    ping_s: Positive
    event_queue_max: Count
    resume_events_max: Count
    # How often a feed is compared with the shards, in case Redis lost something unseen.
    resync_s: Positive
    # Nothing heard for this long: ask the shards, so that the feed goes on without Redis.
    silence_s: Positive
    # Events may be published a little out of order: a resume token names those of this last while.
    resume_skew_s: Positive
    resume_token_s: Positive
    first_subscribe_s_max: Positive
    message_bytes_max: Count
