"""What arrives from devices: its limits, batches and receipts."""

from __future__ import annotations

from config.schema import Count, Positive, Section


class Admission(Section):
    """What a fix must be like to be folded; anything else becomes a stored rejection."""

    message_bytes_max: Count
    array_fixes_max: Count
    future_s_max: Positive
    age_s_max: Positive
    device_fixes_per_s: Positive
    device_fixes_burst: Count
    rejection_raw_bytes_max: Count


class Batching(Section):
    messages_max: Count
    bytes_max: Count
    wait_ms_max: Positive
    in_flight_max: Count
    failures_before_split: Count
    # Held un-acknowledged by one worker; beyond it the socket is not read and the broker keeps
    # the rest.
    pending_messages_max: Count
    pending_bytes_max: Count


class Receipts(Section):
    fixes_per_message_max: Count
    in_flight_max: Count
    # A broker that confirms nothing for so long is as good as gone.
    confirmation_s_max: Positive


class Ingest(Section):
    workers: Count
    admission: Admission
    batching: Batching
    receipts: Receipts
    directory_poll_s: Positive
    retry_wait_s_min: Positive
    retry_wait_s_max: Positive
    broker_keepalive_s: Count
