"""Receipts: tell a device which of its fixes are committed, so that it may forget them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from config.sections.ingest import Receipts
from ingest.messages import Address
from ingest.mqtt_client import BrokerAwayError, Session
from ingest.topics import receipts_topic

_encode = msgspec.json.Encoder().encode


async def send_receipts(
    session: Session | None, committed: Mapping[Address, list[int]], limits: Receipts
) -> None:
    """Raises BrokerAwayError when not all could be handed over; the device then sends again."""
    if session is None:
        if committed:
            raise BrokerAwayError("no session to send receipts by")
        return
    size = limits.fixes_per_message_max
    for address, times_ms in committed.items():
        topic = receipts_topic(address)
        for start in range(0, len(times_ms), size):
            body = _encode({"committed": times_ms[start : start + size]})
            await session.publish(topic, body, limits)
