"""Makes webhook endpoints, deliveries, and links to bookings, for generated tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.api.makers import Made, World


async def endpoint(world: World) -> Made:
    body = {"url": "https://example.com/hook"}
    answer = await world.owner.ask("POST", "/v1/webhook-endpoints", json=body)
    assert answer.is_success, answer.text
    return {"id": answer.json()["id"]}


async def delivery(world: World) -> Made:
    """Of a test, which nobody sends here."""
    where = (await endpoint(world))["id"]
    answer = await world.owner.ask("POST", f"/v1/webhook-endpoints/{where}/test")
    assert answer.is_success, answer.text
    return {"id": answer.json()["id"]}


async def share(world: World) -> Made:
    body = {
        "load": {"material": "cement", "weight_t": 9},
        "stops": [
            {"kind": "pickup", "place": {"lat": 28.6, "lon": 77.2}},
            {"kind": "drop", "place": {"lat": 26.9, "lon": 75.8}},
        ],
    }
    booking = (await world.owner.ask("POST", "/v1/bookings", json=body)).json()["id"]
    answer = await world.owner.ask("POST", f"/v1/bookings/{booking}/shares", json={})
    assert answer.is_success, answer.text
    made = answer.json()
    return {"id": booking, "share_id": made["id"], "token": made["path"].rpartition("/")[2]}


MAKERS: dict[str, Callable[[World], Awaitable[Made]]] = {
    "/v1/webhook-endpoints/{id}": endpoint,
    "/v1/webhook-deliveries/{id}": delivery,
    "/v1/bookings/{id}/shares/{share_id}": share,
    "/s/{token}": share,
}
BODIES: dict[str, Mapping[str, Any]] = {
    "POST /v1/webhook-endpoints": {"url": "https://example.com/hook"},
    "PATCH /v1/webhook-endpoints/{id}": {"description": "Another"},
    "POST /v1/webhook-endpoints/{id}/rotate": {"overlap_s": 60},
    "POST /v1/webhook-endpoints/{id}/replay": {
        "from": "2026-01-01T00:00:00Z",
        "to": "2026-01-01T01:00:00Z",
    },
}
