"""What is sent: a fact as one JSON object, the same bytes whenever it is made."""

from __future__ import annotations

from typing import Any

import msgspec

from freight.cloudevents import cloud_event, rfc3339
from freight.events import TruckEvent

OF_ENDPOINTS = "webhook-endpoints/"
TEST = "webhook.test"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    id: str  # the same however often it is sent: receivers know by it what they have
    type: str
    subject: str
    time_ms: int
    body: bytes


def message_of(fact: TruckEvent, bytes_max: int) -> Message:
    """A CloudEvent that has what Standard Webhooks asks for as well: type, timestamp, data."""
    whole = {**cloud_event(fact), "timestamp": rfc3339(fact.time_ms)}
    body = msgspec.json.encode(whole)
    if len(body) > bytes_max:
        known_at = whole["data"]["known_at"]
        left: dict[str, Any] = {"known_at": known_at, "left_out": f"/v1/events/{fact.id}/evidence"}
        body = msgspec.json.encode({**whole, "data": left})
    return Message(
        id=str(fact.id),
        type=fact.type,
        subject=fact.subject,
        time_ms=fact.time_ms,
        body=body,
    )


def is_about_itself(subject: str, endpoint: str) -> bool:
    """An endpoint is not told by itself how it fares: that would go on for ever."""
    return subject == OF_ENDPOINTS + endpoint


def test_message(message_id: str, tenant: str, endpoint: str, at_ms: int) -> Message:
    """By which people see whether their receiver takes what we send."""
    at, subject = rfc3339(at_ms), OF_ENDPOINTS + endpoint
    body = {
        "specversion": "1.0",
        "id": message_id,
        "type": TEST,
        "source": f"/tenants/{tenant}",
        "subject": subject,
        "time": at,
        "datacontenttype": "application/json",
        "tenant": tenant,
        "data": {"known_at": at, "says": "this is a test"},
        "timestamp": at,
    }
    return Message(
        id=message_id,
        type=TEST,
        subject=subject,
        time_ms=at_ms,
        body=msgspec.json.encode(body),
    )
