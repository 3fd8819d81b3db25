"""What can be done with a tenant's trucks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from serve.devices.sealing import sealed_for_broker
from serve.fleet.device_secrets import new_secret
from serve.fleet.wire import Device, NewTruck, NewTruckOut, TruckChange, TruckOut
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.paging import ListOf, Page
from serve.problems import InvalidError
from store import trucks
from store.errors import UnknownCarrierError


async def create(gateway: Gateway, who: Principal, new: NewTruck) -> NewTruckOut:
    secret, secret_hash = new_secret(who.tenant)
    async with gateway.changing(who, "trucks.create", f"trucks/{new.id}") as change:
        given = new.columns()
        _weights_fit(given.get("payload_kg"), given.get("gvw_kg"))
        with _carrier_pointed_at():
            truck = await trucks.create(
                change.conn,
                who.tenant_key,
                id=new.id,
                **given,
                secret_hash=secret_hash,
                sealed_secret=sealed_for_broker(gateway, f"{who.tenant}/{new.id}", secret),
            )
        change.after = TruckOut.of(truck)
    device = Device(username=f"{who.tenant}/{truck.id}", secret=secret)
    return NewTruckOut(**dict(TruckOut.of(truck)), device=device)


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
        change.before = TruckOut.of(now)
        given = wanted.columns()
        _weights_fit(given.get("payload_kg", now.payload_kg), given.get("gvw_kg", now.gvw_kg))
        with _carrier_pointed_at():
            truck = await trucks.update(
                change.conn,
                truck_id,
                **given,
                # Without If-Match: what was read, so that two changes do not undo each other.
                expected_version=now.version if expected is None else expected,
            )
        change.after = TruckOut.of(truck)
    return TruckOut.of(truck)


async def delete(gateway: Gateway, who: Principal, truck_id: str, expected: int | None) -> None:
    async with gateway.changing(who, "trucks.delete", f"trucks/{truck_id}") as change:
        change.before = TruckOut.of(await trucks.get(change.conn, truck_id))
        await trucks.delete(change.conn, truck_id, expected)


def _weights_fit(payload_kg: int | None, gvw_kg: int | None) -> None:
    if payload_kg is not None and gvw_kg is not None and gvw_kg <= payload_kg:
        raise InvalidError.at("/gvw_kg", "a truck weighs more with its load than the load does")


@contextmanager
def _carrier_pointed_at() -> Iterator[None]:
    """A carrier that is not there is a mistake in the body, not a missing truck."""
    try:
        yield
    except UnknownCarrierError as unknown:
        raise InvalidError.at("/carrier", str(unknown)) from unknown
