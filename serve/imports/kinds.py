"""Trucks, drivers and carriers in files: their columns, what is looked at, how they are stored."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from freight.fleet.kyc import CarrierFacts, identity_faults
from serve.carriers.wire import NewCarrier
from serve.devices.sealing import sealed_for_broker
from serve.drivers.wire import NewDriver
from serve.fleet.device_secrets import new_secret
from serve.fleet.wire import Device, NewTruck
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.imports.rows import Columns, Taken
from serve.imports.service import Kind
from store import carriers, drivers, trucks
from store.carriers import CarrierFields
from store.drivers import DriverFields
from store.postgres import AnyConnection
from store.trucks import NewTruckRow

TAKEN = "is taken already"
NO_DEVICES: Mapping[int, Device] = {}


def _flat(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    return {name: (name,) for name in names}


# ------------------------------------------------------------------------------------ trucks


async def _look_at_trucks(
    _: Gateway, _who: Principal, conn: AnyConnection, taken: Taken[NewTruck]
) -> None:
    bodies = taken.bodies.values()
    existing = await trucks.known(conn, [truck.id for truck in bodies])
    homes = await carriers.known(conn, [truck.carrier for truck in bodies if truck.carrier])
    taken.refuse_where("id", lambda truck: TAKEN if truck.id in existing else None)
    taken.refuse_where("carrier", lambda truck: _unknown(truck.carrier, homes))
    taken.refuse_where("gvw_kg", _weights_fault)


def _weights_fault(truck: NewTruck) -> str | None:
    if truck.gvw_kg is None or truck.payload_kg is None or truck.gvw_kg > truck.payload_kg:
        return None
    return "is not more than payload_kg"


async def _store_trucks(
    gateway: Gateway, who: Principal, conn: AnyConnection, taken: Taken[NewTruck]
) -> Mapping[int, Device]:
    secrets = await asyncio.to_thread(_secrets, who.tenant, list(taken.bodies))
    rows = [
        NewTruckRow(
            id=truck.id,
            fields=truck.columns(),
            secret_hash=secrets[row][1],
            sealed_secret=sealed_for_broker(gateway, f"{who.tenant}/{truck.id}", secrets[row][0]),
        )
        for row, truck in taken.bodies.items()
    ]
    await trucks.create_many(conn, who.tenant_key, rows)
    return {
        row: Device(username=f"{who.tenant}/{truck.id}", secret=secrets[row][0])
        for row, truck in taken.bodies.items()
    }


def _secrets(tenant: str, rows: Iterable[int]) -> dict[int, tuple[str, str]]:
    """A millisecond each, so not in the loop that answers others."""
    return {row: new_secret(tenant) for row in rows}


TRUCKS = Kind(
    "trucks",
    Columns(
        NewTruck,
        _flat(("id", "registration", "class", "capacity_t", "carrier", "body"))
        | _flat(("payload_kg", "gvw_kg"))
        | {f"home_{name}": ("home", name) for name in ("lat", "lon", "name")},
        ("id",),
    ),
    _look_at_trucks,
    _store_trucks,
)

# ----------------------------------------------------------------------------------- drivers


async def _look_at_drivers(
    _: Gateway, who: Principal, conn: AnyConnection, taken: Taken[NewDriver]
) -> None:
    for row, driver in taken.bodies.items():
        if who.carrier is not None and driver.carrier is None:
            taken.bodies[row] = driver.model_copy(update={"carrier": who.carrier})
    bodies = taken.bodies.values()
    existing = await drivers.known(conn, [driver.id for driver in bodies])
    homes = await carriers.known(conn, [driver.carrier for driver in bodies if driver.carrier])
    fleet = await trucks.placed(conn, [driver.truck for driver in bodies if driver.truck])
    driven = await drivers.driven_trucks(conn, [key for key, _ in fleet.values()])
    seen: set[str] = set()

    def truck_fault(driver: NewDriver) -> str | None:
        if driver.truck is None:
            return None
        if driver.truck not in fleet:
            return f"there is no truck {driver.truck!r}"
        key, carrier = fleet[driver.truck]
        if driver.carrier is not None and driver.carrier != carrier:
            return f"does not belong to {driver.carrier}"
        if key in driven or driver.truck in seen:
            return "another driver drives it"
        seen.add(driver.truck)
        return None

    taken.refuse_where("id", lambda driver: TAKEN if driver.id in existing else None)
    taken.refuse_where("carrier", lambda driver: _unknown(driver.carrier, homes))
    taken.refuse_where("truck", truck_fault)


async def _store_drivers(
    gateway: Gateway, who: Principal, conn: AnyConnection, taken: Taken[NewDriver]
) -> Mapping[int, Device]:
    bodies = taken.bodies.values()
    fleet = await trucks.placed(conn, [driver.truck for driver in bodies if driver.truck])
    now = datetime.now(UTC)
    given = [
        (
            driver.id,
            DriverFields(
                name=driver.name,
                phone=driver.phone,
                licence=driver.licence_number,
                licence_valid_until=driver.licence_valid_until,
                hazardous_valid_until=driver.hazardous_valid_until,
                carrier=driver.carrier,
                truck_key=None if driver.truck is None else fleet[driver.truck][0],
                duty_since=now if driver.on_duty else None,
            ),
        )
        for driver in bodies
    ]
    await drivers.create_many(conn, gateway.personal, who.tenant_key, given)
    return NO_DEVICES


DRIVERS = Kind(
    "drivers",
    Columns(
        NewDriver,
        _flat(("id", "name", "phone", "licence_number", "licence_valid_until"))
        | _flat(("hazardous_valid_until", "carrier", "truck", "on_duty")),
        ("id", "name"),
    ),
    _look_at_drivers,
    _store_drivers,
)

# ---------------------------------------------------------------------------------- carriers


async def _look_at_carriers(
    _: Gateway, _who: Principal, conn: AnyConnection, taken: Taken[NewCarrier]
) -> None:
    bodies = taken.bodies
    existing = await carriers.known(conn, [carrier.id for carrier in bodies.values()])
    taken.refuse_where("id", lambda carrier: TAKEN if carrier.id in existing else None)
    for row, carrier in bodies.items():
        facts = CarrierFacts(gstin=carrier.gstin, pan=carrier.pan, ifsc=carrier.ifsc)
        for fault in identity_faults(facts):
            taken.refuse(row, fault.about, fault.detail)


async def _store_carriers(
    gateway: Gateway, who: Principal, conn: AnyConnection, taken: Taken[NewCarrier]
) -> Mapping[int, Device]:
    given = [
        (carrier.id, CarrierFields(**carrier.model_dump(exclude={"id"})))
        for carrier in taken.bodies.values()
    ]
    await carriers.create_many(conn, gateway.personal, who.tenant_key, given)
    return NO_DEVICES


CARRIERS = Kind(
    "carriers",
    Columns(
        NewCarrier,
        _flat(("id", "name", "phone", "email", "gstin", "pan", "bank_account", "ifsc")),
        ("id", "name"),
    ),
    _look_at_carriers,
    _store_carriers,
)


def _unknown(carrier: str | None, known: set[str]) -> str | None:
    if carrier is None or carrier in known:
        return None
    return f"there is no carrier {carrier!r}"
