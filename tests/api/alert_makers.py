"""Makes alerts as the watch does: from a fact in the log."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from actors.alerts.surroundings import signals_with_surroundings
from actors.alerts.writing import Scene, take
from actors.booking_writing import TenantName
from actors.life import now_ms
from config.policy import policy
from freight.events import TruckEvent
from store import alerts, events, trucks
from store.postgres import AnyPool, as_tenant
from store.tenants import Tenant

if TYPE_CHECKING:
    from tests.api.makers import Made, World


async def raised(app: AnyPool, tenant: Tenant, truck_id: str, alarm: str = "panic") -> str:
    """The alert that a device's alarm makes, for which nobody waits."""
    async with as_tenant(app, tenant.key) as conn:
        truck = await trucks.get(conn, truck_id)
        told = TruckEvent(
            id=uuid.uuid4(),
            type="truck.alarm.raised",
            tenant_key=tenant.key,
            truck_key=truck.key,
            tenant=tenant.id,
            subject=f"trucks/{truck_id}",
            time_ms=now_ms() - 1000,
            known_at_ms=now_ms(),
            data={"alarm": alarm, "lat": 28.6, "lon": 77.2},
        )
        await events.insert(conn, [told])
        known = await events.list_page(conn, truck=truck.key, limit=1, newest_first=True)
        name = TenantName(tenant.key, tenant.id)
        scene = Scene(conn, name, policy(), now_ms())
        await take(scene, await signals_with_surroundings(conn, known))
        wanted = alerts.Wanted(truck=truck.key)
        (made, *_) = await alerts.list_page(conn, wanted, before=None, limit=1)
    return made.alert.id


async def alert(world: World) -> Made:
    owner = world.owner
    truck_id = (await owner.truck(f"truck-{secrets.token_hex(4)}"))["id"]
    return {"id": await raised(world.gateway.app_pool, owner.tenant, truck_id)}


MAKERS: Mapping[str, Callable[[World], Awaitable[Made]]] = {"/v1/alerts/{id}": alert}
BODIES: Mapping[str, Mapping[str, Any]] = {
    "POST /v1/alerts/backtest": {"days": 1},
    "POST /v1/alerts/{id}/snooze": {"minutes": 5},
    "POST /v1/alerts/{id}/assign": {"to": "user:somebody"},
    "POST /v1/alerts/{id}/judge": {"judged": "true_alert"},
    "POST /v1/alerts/{id}/comments": {"text": "He is asleep"},
}
