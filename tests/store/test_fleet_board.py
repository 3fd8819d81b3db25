"""The board of trucks that may be sent: what it knows of each, and who is on it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from config.policy import defaults
from freight.fleet.kyc import CarrierDocument, KycState
from freight.fleet.papers import Paper, PaperKind
from freight.fleet.ties import Tie, TieKind
from freight.tracking.facts import Span
from store import (
    carrier_documents,
    carrier_ties,
    carriers,
    drivers,
    fleet_board,
    spans,
    truck_absences,
    truck_papers,
    trucks,
)
from store.carriers import CarrierFields
from store.drivers import DriverFields
from store.fleet_board import BoardTruck
from store.key_file import KeyFile
from store.personal import PersonalData
from store.postgres import AnyConnection, AnyPool, as_tenant, epoch_ms
from store.spans import TruckSpan
from store.tenants import Tenant

RULES = defaults().fleet
NOW = datetime.now(UTC).replace(microsecond=0)
NOW_MS = epoch_ms(NOW)
HOUR_MS = 3_600_000


@pytest.fixture
def personal(keys: KeyFile) -> PersonalData:
    return PersonalData(keys)


async def add_truck(
    conn: AnyConnection, tenant: Tenant, truck_id: str, **fields: object
) -> trucks.Truck:
    return await trucks.create(conn, tenant.key, id=truck_id, secret_hash=None, **fields)  # type: ignore[arg-type]


async def board(system: AnyPool, tenant: Tenant) -> dict[str, BoardTruck]:
    async with system.acquire() as conn:
        found = await fleet_board.free_trucks(
            conn,
            tenant.key,
            now_ms=epoch_ms(datetime.now(UTC)),
            driven_since_ms=NOW_MS - 24 * HOUR_MS,
            papers=RULES.papers,
            kyc=RULES.kyc,
        )
    return {truck.id: truck for truck in found}


async def drive(
    telemetry: AnyPool, tenant: Tenant, truck_key: int, since_h: float, until_h: float
) -> None:
    """A trip from so many hours ago to so many."""
    since_ms, until_ms = (NOW_MS - round(h * HOUR_MS) for h in (since_h, until_h))
    told = Span("trip", "", since_ms, until_ms, {}, since_ms, until_ms, None)
    async with telemetry.acquire() as conn:
        await spans.put(conn, [TruckSpan(tenant.key, truck_key, told)], NOW_MS)


async def test_a_bare_truck(app: AnyPool, system: AnyPool, tenant: Tenant) -> None:
    async with as_tenant(app, tenant.key) as conn:
        truck = await add_truck(conn, tenant, "T1", truck_class="OPEN_10W")

    (found,) = (await board(system, tenant)).values()

    assert (found.key, found.truck_class, found.home) == (truck.key, "OPEN_10W", None)
    assert (found.driver, found.on_duty, found.driven) == (None, None, ())
    assert found.papers == fleet_board.NONE_HELD


async def test_all_that_is_known_of_a_truck(
    app: AnyPool, system: AnyPool, telemetry: AnyPool, tenant: Tenant, personal: PersonalData
) -> None:
    async with as_tenant(app, tenant.key) as conn:
        await carriers.create(conn, personal, tenant.key, "ravi", CarrierFields(name="Ravi"))
        for kind, end in (("agreement", date(2030, 1, 1)), ("advert", date(2020, 1, 1))):
            document = CarrierDocument(kind, None, end)
            await carrier_documents.put(conn, tenant.key, "ravi", document, None)
        more = {"body": "open", "payload_kg": 16_000, "gvw_kg": 28_500}
        home = {"home_lat": 18.5, "home_lon": 73.8}
        truck = await add_truck(conn, tenant, "T1", carrier="ravi", **more, **home)
        for paper in (
            Paper(PaperKind.PUC, None, date(2027, 1, 1)),
            Paper(PaperKind.INSURANCE, None, date(2027, 3, 1)),
            Paper(PaperKind.FASTAG, None, date(2020, 1, 1)),
            Paper(PaperKind.PERMIT_STATE, "P-1", date(2026, 12, 1), frozenset({"27", "24"})),
        ):
            await truck_papers.put(conn, tenant.key, truck.key, paper, None)
        await truck_absences.create(
            conn,
            tenant.key,
            truck.key,
            id="a",
            since=NOW + timedelta(days=2),
            until=None,
            reason="workshop",
        )
        given = DriverFields(
            name="Asha",
            carrier="ravi",
            truck_key=truck.key,
            duty_since=NOW,
            licence_valid_until=date(2029, 1, 1),
        )
        driver = await drivers.create(conn, personal, tenant.key, "asha", given)
    await drive(telemetry, tenant, truck.key, 3, 2)

    found = (await board(system, tenant))["T1"]

    assert (found.body, found.payload_kg, found.gvw_kg, found.home) == (
        *("open", 16_000, 28_500),
        (18.5, 73.8),
    )
    assert (found.papers.first, found.papers.until) == (PaperKind.PUC, date(2027, 1, 1))
    assert (found.papers.state_until, found.papers.states) == (
        date(2026, 12, 1),
        frozenset({"27", "24"}),
    )
    assert len(found.papers.kinds) == 4
    assert found.absent_from_ms == epoch_ms(NOW + timedelta(days=2))
    assert (found.carrier, found.kyc_state, found.documents_until) == (
        *("ravi", KycState.DRAFT),
        date(2030, 1, 1),
    )
    assert (found.driver, found.driver_key, found.on_duty) == ("asha", driver.key, True)
    assert (found.licence_until, found.hazardous_until) == (date(2029, 1, 1), None)
    # It was driven by somebody before the driver took it.
    assert found.driven == ()


async def test_hours_are_the_drivers_own(  # noqa: PLR0917 - fixtures come by name
    app: AnyPool,
    system: AnyPool,
    telemetry: AnyPool,
    tenant: Tenant,
    personal: PersonalData,
    superuser: AnyConnection,
) -> None:
    async with as_tenant(app, tenant.key) as conn:
        old, new = [await add_truck(conn, tenant, each) for each in ("old", "new")]
        asha = DriverFields(name="Asha", truck_key=old.key)
        made = await drivers.create(conn, personal, tenant.key, "asha", asha)
        moved = DriverFields(name="Asha", truck_key=new.key)
        await drivers.update(conn, personal, "asha", moved, made.version)
    # As if the change of trucks had been three hours ago.
    await superuser.execute(
        "UPDATE driver_turns SET from_ts = $2, to_ts = $3 WHERE truck_key = $1",
        *(old.key, NOW - timedelta(hours=9), NOW - timedelta(hours=3)),
    )
    await superuser.execute(
        "UPDATE driver_turns SET from_ts = $2 WHERE truck_key = $1",
        *(new.key, NOW - timedelta(hours=3)),
    )
    await drive(telemetry, tenant, old.key, 10, 8)
    await drive(telemetry, tenant, old.key, 2, 1)
    await drive(telemetry, tenant, new.key, 4, 2)
    await drive(telemetry, tenant, new.key, 30, 25)

    found = await board(system, tenant)

    spans_h = [
        sorted(((NOW_MS - a) / HOUR_MS, (NOW_MS - b) / HOUR_MS) for a, b in truck.driven)
        for truck in (found["new"], found["old"])
    ]
    # Of the truck without a driver: what it was driven.
    assert spans_h == [[(3.0, 2.0), (9.0, 8.0)], [(2.0, 1.0), (10.0, 8.0)]]
    async with as_tenant(app, tenant.key) as conn:
        own = await drivers.driven(conn, made.key, NOW - timedelta(days=1))
    assert sorted(own) == [
        (NOW - timedelta(hours=9), NOW - timedelta(hours=8)),
        (NOW - timedelta(hours=3), NOW - timedelta(hours=2)),
    ]


async def test_who_is_out_of_service_or_gone_is_not_on_it(
    app: AnyPool, system: AnyPool, tenant: Tenant, other_tenant: Tenant
) -> None:
    async with as_tenant(app, other_tenant.key) as conn:
        await add_truck(conn, other_tenant, "foreign")
    async with as_tenant(app, tenant.key) as conn:
        made = {
            each: await add_truck(conn, tenant, each) for each in ("here", "out", "back", "gone")
        }
        for name, since_h, until_h in (("out", 1, -1), ("back", 2, 1)):
            await truck_absences.create(
                conn,
                tenant.key,
                made[name].key,
                id="a",
                reason="workshop",
                since=NOW - timedelta(hours=since_h),
                until=NOW - timedelta(hours=until_h),
            )
        await trucks.delete(conn, "gone")
        absent = (await trucks.get(conn, "out")).absence

    assert set(await board(system, tenant)) == {"here", "back"}
    assert absent is not None
    assert absent["reason"] == "workshop"


async def test_a_deleted_truck_has_no_driver(
    tenant_conn: AnyConnection, tenant: Tenant, personal: PersonalData
) -> None:
    truck = await add_truck(tenant_conn, tenant, "T1")
    given = DriverFields(name="Asha", truck_key=truck.key)
    await drivers.create(tenant_conn, personal, tenant.key, "asha", given)

    await trucks.delete(tenant_conn, "T1")

    found = await drivers.get(tenant_conn, personal, "asha")
    assert (found.truck, found.version) == (None, 2)


async def test_a_truck_given_away_leaves_its_old_carriers_driver(
    tenant_conn: AnyConnection, tenant: Tenant, personal: PersonalData
) -> None:
    for name in ("ravi", "other"):
        await carriers.create(tenant_conn, personal, tenant.key, name, CarrierFields(name=name))
    theirs, ours = [
        await add_truck(tenant_conn, tenant, each, carrier="ravi") for each in ("T1", "T2")
    ]
    for name, truck, carrier in (("asha", theirs, "ravi"), ("binod", ours, None)):
        given = DriverFields(name=name, truck_key=truck.key, carrier=carrier)
        await drivers.create(tenant_conn, personal, tenant.key, name, given)

    for name in ("T1", "T2"):
        await trucks.update(tenant_conn, name, carrier="other", expected_version=None)

    driven = [(await drivers.get(tenant_conn, personal, each)).truck for each in ("asha", "binod")]
    assert driven == [None, "T2"]


async def test_a_deleted_driver_leaves_nothing_that_says_who_it_was(
    app: AnyPool, tenant: Tenant, personal: PersonalData, superuser: AnyConnection
) -> None:
    given = DriverFields(name="Asha", phone="+91 98765 43210", licence="MH12 20110012345")
    async with as_tenant(app, tenant.key) as conn:
        made = await drivers.create(conn, personal, tenant.key, "asha", given)
        assert await drivers.delete(conn, "asha", made.version)
        again = await drivers.create(conn, personal, tenant.key, "asha", given)

    row = await superuser.fetchrow("SELECT * FROM drivers WHERE key = $1", made.key)

    assert again.key != made.key
    assert row is not None
    assert all(row[name] is None for name in dict(row) if name.startswith(("name", "phone", "lic")))


async def test_ties_of_a_tenant(
    app: AnyPool, system: AnyPool, tenant: Tenant, personal: PersonalData
) -> None:
    tie = Tie(TieKind.BLOCKED, "ravi", "mill")
    async with as_tenant(app, tenant.key) as conn:
        await carriers.create(conn, personal, tenant.key, "ravi", CarrierFields(name="Ravi"))
        await carrier_ties.create(conn, tenant.key, "t", tie, None)
    async with as_tenant(app, tenant.key, None, "port") as conn:
        assert await carrier_ties.list_page(conn, "ravi", None, 9) == []

    async with system.acquire() as conn:
        assert await fleet_board.ties(conn, tenant.key) == [tie]
