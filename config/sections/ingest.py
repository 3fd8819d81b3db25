"""What arrives from devices: its limits, batches and receipts."""

from __future__ import annotations

from config.schema import Count, Positive, Section, key


class Admission(Section):
    """What a fix must be like to be folded; anything else becomes a stored rejection."""

    message_bytes_max: Count = key("A longer message is rejected.", live=True)
    array_fixes_max: Count = key("A message with more fixes is rejected.", live=True)
    future_s_max: Positive = key("A fix this far ahead of our clock is rejected.", live=True)
    age_s_max: Positive = key("An older fix is rejected.", live=True)
    device_fixes_per_s: Positive = key("Fixes one device may send in the long run.", live=True)
    device_fixes_burst: Count = key("Fixes one device may send at once.", live=True)
    rejection_raw_bytes_max: Count = key("Bytes of a rejected message that are kept.", live=True)


class Batching(Section):
    messages_max: Count = key("Messages of one window.")
    bytes_max: Count = key("Bytes of one window.")
    wait_ms_max: Positive = key("How long a window waits for company.")
    wait_behind_ms_max: Positive = key(
        "How long a window waits for company while others are on their way to the store."
    )
    in_flight_max: Count = key("Windows on their way to the store at a time.")
    fixes_together_max: Count = key(
        "Fixes of windows that wait for the same shard and go to it as one batch."
    )
    on_the_way_max: Count = key(
        "Batches on their way to the same shard at a time, if nothing more fits into them; one "
        "that could still grow waits for the answer to the one before."
    )
    failures_before_split: Count = key(
        "A batch refused this often by itself is searched for the fix that breaks it."
    )
    pending_messages_max: Count = key(
        "Messages held un-acknowledged by one worker; beyond it the broker keeps the rest."
    )
    pending_bytes_max: Count = key("Bytes held un-acknowledged by one worker.")


class Receipts(Section):
    fixes_per_message_max: Count = key("Device times in one receipt.")
    in_flight_max: Count = key("Receipts that the broker has not yet confirmed.")
    confirmation_s_max: Positive = key("A broker that confirms nothing for so long is gone.")


class Ingest(Section):
    workers: Count = key("Workers between broker and shards.")
    admission: Admission
    batching: Batching
    receipts: Receipts
    directory_poll_s: Positive = key("How soon a new or deleted truck is known everywhere.")
    retry_wait_s_min: Positive = key("The first wait before something is tried again.")
    retry_wait_s_max: Positive = key("The longest wait before something is tried again.")
    broker_keepalive_s: Count = key("How often an idle broker is asked whether it is there.")
