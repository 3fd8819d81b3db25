"""The live feed and its viewers."""

from __future__ import annotations

from config.schema import Count, Positive, Section, Who, key


class Live(Section):
    interval_ms: Count = key(
        "A viewer is sent positions at most this often.", who=Who.OPERATOR, live=True
    )
    viewers_max: Count = key("Viewers of one replica; who comes later is sent away.", live=True)
    stalled_s_max: Positive = key("A viewer whose socket is not drained for this long is cut.")
    ping_s: Positive = key("How often a viewer's connection is asked whether it is there.")
    event_queue_max: Count = key("Events waiting for one viewer; beyond it must resume.")
    resume_events_max: Count = key("Events a resuming viewer is sent at most.", live=True)
    resync_s: Positive = key(
        "How often a feed is compared with the shards, in case Redis lost something.", live=True
    )
    silence_s: Positive = key("Nothing heard for this long: ask the shards.", live=True)
    resume_skew_s: Positive = key(
        "Events of this last while may come out of order; a resume token names them."
    )
    resume_token_s: Positive = key("How often a viewer gets a new resume token.", live=True)
    first_subscribe_s_max: Positive = key("A viewer that has not subscribed by then is cut.")
    message_bytes_max: Count = key("The longest message a viewer may send.")
