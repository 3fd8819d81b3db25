"""Makes e-way bills and tasks, and bodies for what is done with them."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from freight.eway.times import INDIA
from freight.tasks import Task
from store import tasks
from store.postgres import as_tenant

if TYPE_CHECKING:
    from tests.api.makers import Made, World

TODAY = datetime.now(INDIA).date().isoformat()  # older documents get no bill
A_BOOKING = {
    "load": {"material": "cement", "weight_t": 9},
    "stops": [
        {"kind": "pickup", "place": {"lat": 28.6, "lon": 77.2, "name": "Okhla", "state": "07"}},
        {"kind": "drop", "place": {"lat": 26.9, "lon": 75.8, "name": "Jaipur", "state": "08"}},
    ],
}


def a_bill(booking: str, **changes: Any) -> dict[str, Any]:
    return {
        "booking": booking,
        "document": {"number": f"A{secrets.token_hex(4)}", "date": TODAY},
        "sender": {"gstin": "URP", "name": "A seller", "pin": 110020},
        "receiver": {"gstin": "URP", "name": "A buyer", "pin": 302001},
        "items": [{"name": "Cement", "hsn": "25232910", "taxable": {"amount_minor": 9_000_000}}],
        "transport": {"distance_km": 280, "vehicle": "GJ07DL9009"},
        **changes,
    }


async def booking(world: World) -> str:
    answer = await world.owner.ask("POST", "/v1/bookings", json=A_BOOKING)
    assert answer.is_success, answer.text
    return str(answer.json()["id"])


async def bill(world: World) -> Made:
    """A draft."""
    answer = await world.owner.ask("POST", "/v1/eway-bills", json=a_bill(await booking(world)))
    assert answer.is_success, answer.text
    return {"id": answer.json()["id"]}


async def task(world: World) -> Made:
    made = Task(
        id=f"task-{secrets.token_hex(6)}",
        kind="eway.extend",
        subject="eway-bills/none",
        title="Extend it",
        opened_ms=1_790_000_000_000,
    )
    tenant_key = world.owner.tenant.key
    async with as_tenant(world.gateway.app_pool, tenant_key) as conn:
        await tasks.begin(conn, tenant_key, made)
    return {"id": made.id}


MAKERS: Mapping[str, Callable[[World], Awaitable[Made]]] = {
    "/v1/eway-bills/{id}": bill,
    "/v1/tasks/{id}": task,
}
BODIES: Mapping[str, Mapping[str, Any]] = {
    "POST /v1/eway-bills/{id}/part-b": {
        "vehicle": "RJ14GA1234",
        "place": "Jaipur",
        "state": "08",
        "reason": 2,
    },
    "POST /v1/eway-bills/{id}/extend": {
        "place": "Jaipur",
        "pin": 302001,
        "state": "08",
        "remaining_km": 20,
        "reason": 99,
        "remark": "Delay",
    },
    "POST /v1/eway-bills/{id}/update-transporter": {"transporter": "05AAACG2140A1ZL"},
    "POST /v1/eway-bills/{id}/cancel": {"reason": 2, "remark": "not wanted"},
    "POST /v1/tasks/{id}/dismiss": {"note": "arrives in time"},
    "POST /v1/tasks/{id}/assign": {"to": "user:somebody"},
}
