"""The embedded MQTT broker."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.schema import Count, Positive, Section, key


class Broker(Section):
    """The embedded MQTT broker."""

    ack_wait_s: Count = key("A message not acknowledged for so long is sent again.")
    ack_pending_max: Annotated[int, Field(gt=0, le=21845)] = key(
        "Messages of one subscription sent and not yet acknowledged; at least the ingest's "
        "pending_messages_max. A session with three of them may have 65535."
    )
    message_bytes_max: Count = key("The broker cuts off who sends a longer message.")
    connections_max: Count = key("Connections of devices and of our own.")
    write_deadline_s: Count = key("A reader that takes no bytes for so long is cut.")
    sync_interval_s: Count = key("How often messages are forced to the disk itself.")
    store_bytes_max: Count = key("Messages held on disk while ingest is away.")
    memory_bytes_max: Count = key("Messages held in memory.")
    health_look_s: Positive = key("How often it is asked whether it can still write.")
    health_timeout_s: Positive = key("How long it may take to say so.")
    room_bytes_min: Count = key(
        "A broker that could not write is started anew once its disk has so much room again."
    )
    users_debounce_s: Positive = key("Changes of devices within so long become one reload.")
