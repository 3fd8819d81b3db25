"""What can be done with a tenant's drivers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from freight.fleet.duty import WEEK_MS, hours
from serve.drivers.wire import DriverChange, DriverOut, HoursOut, NewDriver
from serve.gateway import Gateway
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Page
from serve.problems import ConflictError, InvalidError
from store import drivers, trucks
from store.drivers import Driver, DriverFields
from store.errors import InUseError, NotFoundError, StaleVersionError, UnknownCarrierError
from store.postgres import AnyConnection, epoch_ms, moment


def _out(who: Principal, driver: Driver) -> DriverOut:
    return DriverOut.of(driver, unmasked=Permission.PERSONAL_READ in who.permissions)


async def create(gateway: Gateway, who: Principal, new: NewDriver) -> DriverOut:
    async with gateway.changing(who, "drivers.create", f"drivers/{new.id}") as change:
        given = await stored_fields(change.conn, who, new.model_dump(exclude={"id"}), None)
        with _pointed_at(new.truck):
            made = await drivers.create(
                change.conn, gateway.personal, who.tenant_key, new.id, given
            )
        change.after = DriverOut.of(made)
    return _out(who, made)


async def get(gateway: Gateway, who: Principal, driver_id: str) -> DriverOut:
    async with gateway.as_tenant(who) as conn:
        return _out(who, await drivers.get(conn, gateway.personal, driver_id))


async def list_page(
    gateway: Gateway, who: Principal, page: Page, having: Mapping[str, str]
) -> ListOf[DriverOut]:
    async with gateway.as_tenant(who) as conn:
        found = await drivers.list_page(
            conn, gateway.personal, page.after, page.one_more, having=having
        )
    kept, next_cursor = page.cut(found, lambda driver: driver.id)
    return ListOf(items=[_out(who, driver) for driver in kept], next_cursor=next_cursor)


async def change(
    gateway: Gateway, who: Principal, driver_id: str, wanted: DriverChange, expected: int | None
) -> DriverOut:
    async with gateway.changing(who, "drivers.change", f"drivers/{driver_id}") as change:
        now = await drivers.get(change.conn, gateway.personal, driver_id)
        change.before = DriverOut.of(now)
        given = await stored_fields(change.conn, who, wanted.model_dump(exclude_unset=True), now)
        with _pointed_at(given.truck_key):
            changed = await drivers.update(
                change.conn,
                gateway.personal,
                driver_id,
                given,
                now.version if expected is None else expected,
            )
        change.after = DriverOut.of(changed)
    return _out(who, changed)


async def delete(gateway: Gateway, who: Principal, driver_id: str, expected: int | None) -> None:
    async with gateway.changing(who, "drivers.delete", f"drivers/{driver_id}") as change:
        now = await drivers.get(change.conn, gateway.personal, driver_id)
        change.before = DriverOut.of(now)
        version = now.version if expected is None else expected
        if not await drivers.delete(change.conn, driver_id, version):
            raise StaleVersionError("driver", driver_id, version, now.version)


async def hours_of(gateway: Gateway, who: Principal, driver_id: str) -> HoursOut:
    now_ms = epoch_ms(datetime.now(UTC))
    async with gateway.as_tenant(who) as conn:
        driver = await drivers.get(conn, gateway.personal, driver_id)
        driven = await drivers.driven(conn, driver.key, moment(now_ms - WEEK_MS))
    spans = [
        (epoch_ms(since), now_ms if until is None else epoch_ms(until)) for since, until in driven
    ]
    return HoursOut.of(hours(spans, gateway.policy_of(who).fleet.duty, now_ms), now_ms)


async def stored_fields(
    conn: AnyConnection, who: Principal, given: dict[str, Any], now: Driver | None
) -> DriverFields:
    """As it will be stored: what is given over what was."""
    fields: dict[str, Any] = {} if now is None else now.editable
    if "licence_number" in given:
        given["licence"] = given.pop("licence_number")
    on_duty, truck_id = given.pop("on_duty", None), given.pop("truck", ...)
    if given.get("name", ...) is None:
        del given["name"]
    fields |= given
    if on_duty is not None and on_duty != (fields.get("duty_since") is not None):
        fields["duty_since"] = datetime.now(UTC) if on_duty else None
    if who.carrier is not None:
        if fields.get("carrier") not in {None, who.carrier}:
            raise InvalidError.at("/carrier", f"you speak for the carrier {who.carrier} only")
        fields["carrier"] = who.carrier
    if truck_id is None:
        fields["truck_key"] = None
    elif truck_id is not ...:
        fields["truck_key"] = await _truck_key(conn, truck_id, fields.get("carrier"))
    elif now is not None and now.truck is not None and fields["carrier"] != now.carrier:
        fields["truck_key"] = await _truck_key(conn, now.truck, fields["carrier"])
    return DriverFields(**fields)


async def _truck_key(conn: AnyConnection, truck_id: str, carrier: str | None) -> int:
    """A carrier's driver drives the carrier's trucks; the tenant's own drives any."""
    try:
        truck = await trucks.get(conn, truck_id)
    except NotFoundError as unknown:
        raise InvalidError.at("/truck", str(unknown)) from unknown
    if carrier is not None and truck.carrier != carrier:
        whose = f"belongs to carrier {truck.carrier}" if truck.carrier else "belongs to no carrier"
        raise InvalidError.at("/truck", f"truck {truck_id!r} {whose}, not to {carrier}")
    return truck.key


@contextmanager
def _pointed_at(truck: object) -> Iterator[None]:
    """What is not there, or taken, is a mistake in the body, not a missing driver."""
    try:
        yield
    except UnknownCarrierError as unknown:
        raise InvalidError.at("/carrier", str(unknown)) from unknown
    except InUseError as taken:
        raise ConflictError(f"another driver drives truck {truck!r}") from taken
