"""The embedded MQTT broker."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.schema import Count, Positive, Section


class Broker(Section):
    """The embedded MQTT broker."""

    ack_wait_s: Count
    ack_pending_max: Annotated[int, Field(gt=0, le=65535)]
    message_bytes_max: Count
    connections_max: Count
    write_deadline_s: Count
    sync_interval_s: Count
    store_bytes_max: Count
    memory_bytes_max: Count
    users_debounce_s: Positive
