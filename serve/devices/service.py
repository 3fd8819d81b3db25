"""What can be done with the devices of a tenant's trucks."""

from __future__ import annotations

from serve.devices.sealing import sealed_for_broker
from serve.devices.wire import (
    DeviceChange,
    DeviceOut,
    DeviceWithSecret,
    NewDevice,
    RefusalOut,
    Rotation,
)
from serve.fleet.device_secrets import fresh_secret, new_secret
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.paging import ListOf, Page, number_of
from serve.problems import InvalidError
from store import device_refusals, devices


async def create(gateway: Gateway, who: Principal, new: NewDevice) -> DeviceWithSecret:
    secret, secret_hash = new_secret(who.tenant)
    device_id = new.id or new.truck
    async with gateway.changing(who, "devices.create", f"devices/{device_id}") as change:
        device = await devices.create(
            change.conn,
            who.tenant_key,
            truck=new.truck,
            id=device_id,
            unique_id=new.unique_id,
            secret_hash=secret_hash,
            sealed_secret=sealed_for_broker(gateway, f"{who.tenant}/{new.truck}", secret),
        )
        out = DeviceOut.of(who.tenant, device)
        change.after = out
    return DeviceWithSecret(**dict(out), secret=secret)


async def get(gateway: Gateway, who: Principal, device_id: str) -> DeviceOut:
    async with gateway.as_tenant(who) as conn:
        return DeviceOut.of(who.tenant, await devices.get(conn, device_id))


async def list_page(
    gateway: Gateway, who: Principal, page: Page, truck: str | None
) -> ListOf[DeviceOut]:
    async with gateway.as_tenant(who) as conn:
        found = await devices.list_page(conn, page.after, page.one_more, truck)
    kept, next_cursor = page.cut(found, lambda device: device.id)
    return ListOf(items=[DeviceOut.of(who.tenant, one) for one in kept], next_cursor=next_cursor)


async def bind(
    gateway: Gateway, who: Principal, device_id: str, wanted: DeviceChange, expected: int | None
) -> DeviceOut:
    async with gateway.changing(who, "devices.bind", f"devices/{device_id}") as change:
        before = await devices.locked(change.conn, device_id, expected)
        change.before = DeviceOut.of(who.tenant, before)
        after = await devices.bind(change.conn, before, wanted.unique_id)
        out = DeviceOut.of(who.tenant, after)
        change.after = out
    return out


async def rotate(
    gateway: Gateway, who: Principal, device_id: str, wanted: Rotation, expected: int | None
) -> DeviceWithSecret:
    limits = gateway.policy_of(who).devices
    overlap_s = limits.usual_overlap_s if wanted.overlap_s is None else wanted.overlap_s
    if overlap_s > limits.overlap_s_max:
        detail = f"an overlap is at most {limits.overlap_s_max:g} s"
        raise InvalidError.at("/overlap_s", detail)
    secret, secret_hash = fresh_secret()
    async with gateway.changing(who, "devices.rotate", f"devices/{device_id}") as change:
        before = await devices.locked(change.conn, device_id, expected)
        change.before = DeviceOut.of(who.tenant, before)
        sealed = sealed_for_broker(gateway, f"{who.tenant}/{before.truck}", secret)
        after = await devices.rotate(change.conn, before, secret_hash, overlap_s, sealed)
        out = DeviceOut.of(who.tenant, after)
        change.after = out
    return DeviceWithSecret(**dict(out), secret=secret)


async def revoke(
    gateway: Gateway, who: Principal, device_id: str, expected: int | None
) -> DeviceOut:
    async with gateway.changing(who, "devices.revoke", f"devices/{device_id}") as change:
        before = await devices.locked(change.conn, device_id, expected)
        change.before = DeviceOut.of(who.tenant, before)
        after = await devices.revoke(change.conn, before)
        out = DeviceOut.of(who.tenant, after)
        change.after = out
    return out


async def refusals(
    gateway: Gateway, who: Principal, page: Page, device_id: str | None
) -> ListOf[RefusalOut]:
    """Of one device, or of the tenant: then also of names that are no device."""
    before = number_of(page.after)
    async with gateway.as_tenant(who) as conn:
        device = None if device_id is None else await devices.get(conn, device_id)
        truck_key = None if device is None else device.truck_key
        found = await device_refusals.list_page(conn, before, page.one_more, truck_key)
    kept, next_cursor = page.cut(found, lambda refusal: str(refusal.id))
    return ListOf(items=[RefusalOut.of(one) for one in kept], next_cursor=next_cursor)
