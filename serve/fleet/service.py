"""What can be done with a tenant's trucks."""

from __future__ import annotations

from serve.fleet.device_secrets import new_secret
from serve.fleet.wire import Device, NewTruck, NewTruckOut, TruckChange, TruckOut
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.paging import ListOf, Page
from store import trucks


async def create(gateway: Gateway, who: Principal, new: NewTruck) -> NewTruckOut:
    secret, secret_hash = new_secret(who.tenant)
    async with gateway.changing(who, "trucks.create", f"trucks/{new.id}") as change:
        truck = await trucks.create(
            change.conn,
            who.tenant_key,
            id=new.id,
            registration=new.registration,
            truck_class=new.truck_class,
            capacity_t=new.capacity_t,
            secret_hash=secret_hash,
        )
        change.after = made = TruckOut.of(truck)
    device = Device(username=f"{who.tenant}/{truck.id}", secret=secret)
    return NewTruckOut(**dict(made), device=device)


async def get(gateway: Gateway, who: Principal, truck_id: str) -> TruckOut:
    async with gateway.as_tenant(who) as conn:
        return TruckOut.of(await trucks.get(conn, truck_id))


async def list_page(gateway: Gateway, who: Principal, page: Page) -> ListOf[TruckOut]:
    async with gateway.as_tenant(who) as conn:
        found = await trucks.list_page(conn, page.after, page.one_more)
    kept, next_cursor = page.cut(found, lambda truck: truck.id)
    return ListOf(items=[TruckOut.of(truck) for truck in kept], next_cursor=next_cursor)


async def change(
    gateway: Gateway, who: Principal, truck_id: str, wanted: TruckChange, expected: int | None
) -> TruckOut:
    async with gateway.changing(who, "trucks.change", f"trucks/{truck_id}") as change:
        now = await trucks.get(change.conn, truck_id)
        fields = {
            name: getattr(wanted if name in wanted.model_fields_set else now, name)
            for name in TruckChange.model_fields
        }
        truck = await trucks.update(
            change.conn,
            truck_id,
            **fields,
            # Without If-Match: what was read, so that two changes at once do not undo each other.
            expected_version=now.version if expected is None else expected,
        )
        change.before = TruckOut.of(now)
        change.after = changed = TruckOut.of(truck)
    return changed


async def delete(gateway: Gateway, who: Principal, truck_id: str, expected: int | None) -> None:
    async with gateway.changing(who, "trucks.delete", f"trucks/{truck_id}") as change:
        change.before = TruckOut.of(await trucks.get(change.conn, truck_id))
        await trucks.delete(change.conn, truck_id, expected)
