"""Messages: the same bytes whenever they are made, and never too large."""

from __future__ import annotations

import json
import uuid

from freight.events import TruckEvent
from freight.webhooks.messages import is_about_itself, message_of
from freight.webhooks.messages import test_message as message_of_test

FACT = TruckEvent(
    id=uuid.UUID(int=7),
    type="booking.delivered",
    tenant_key=1,
    truck_key=None,
    tenant="demo",
    subject="bookings/B1",
    time_ms=1_780_000_000_000,
    known_at_ms=1_780_000_060_000,
    data={"leg": "L1"},
)


def test_it_is_a_cloud_event_and_what_the_standard_asks_for() -> None:
    message = message_of(FACT, 20_000)

    assert message.id == "00000000-0000-0000-0000-000000000007"
    assert message.body == message_of(FACT, 20_000).body
    assert json.loads(message.body) == {
        "specversion": "1.0",
        "id": "00000000-0000-0000-0000-000000000007",
        "type": "booking.delivered",
        "source": "/tenants/demo",
        "subject": "bookings/B1",
        "time": "2026-05-28T20:26:40.000Z",
        "timestamp": "2026-05-28T20:26:40.000Z",
        "datacontenttype": "application/json",
        "tenant": "demo",
        "data": {"leg": "L1", "known_at": "2026-05-28T20:27:40.000Z"},
    }


def test_a_large_one_leaves_its_data_out_and_says_where_it_is() -> None:
    message = message_of(FACT, 300)

    assert json.loads(message.body)["data"] == {
        "known_at": "2026-05-28T20:27:40.000Z",
        "left_out": "/v1/events/00000000-0000-0000-0000-000000000007/evidence",
    }


def test_an_endpoint_is_not_told_about_itself() -> None:
    own = message_of_test("test-1", "demo", "whe-1", 0).subject

    assert is_about_itself(own, "whe-1")
    assert not is_about_itself(own, "whe-2")
