"""Routes in immutable versions: made, replaced, read back, and kept while a journey needs them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest

from freight.routing.plan import Section
from store import journeys, routes
from store.errors import AlreadyExistsError, InUseError, NotFoundError, StaleVersionError
from store.journeys import JourneyTerms
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.routes import RouteFields, RouteRef
from store.tenants import Tenant
from tests.store.locks import until_someone_waits
from tests.store.test_isolation import add_truck

# From Mumbai to Pune by way of Lonavala, as an encoded polyline of precision 6.
LINE = "_ugdc@_w}sjC~ozR_~bR~puKotlV"
START = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)


def drawn(name: str = "Mumbai - Pune", *, line: str = LINE) -> RouteFields:
    return RouteFields(name=name, line=line, points=3, length_m=118_000.0, source="polyline")


async def test_a_route_lives_through_its_versions(
    tenant_conn: AnyConnection, tenant: Tenant
) -> None:
    made = await routes.create(tenant_conn, tenant.key, "R1", drawn())
    assert made == await routes.get(tenant_conn, "R1")
    assert (made.version, made.points, made.sections, made.asked) == (1, 3, None, None)
    with pytest.raises(AlreadyExistsError):
        await routes.create(tenant_conn, tenant.key, "R1", drawn())

    changed = await routes.update(tenant_conn, tenant.key, "R1", drawn("By night"), 1)

    assert (changed.version, changed.name) == (2, "By night")
    assert await routes.get(tenant_conn, "R1", 1) == made
    assert [head.version for head in await routes.list_page(tenant_conn, None, 10)] == [2]
    for attempt in (
        routes.update(tenant_conn, tenant.key, "R1", drawn(), 1),
        routes.delete(tenant_conn, "R1", 1),
    ):
        with pytest.raises(StaleVersionError):
            await attempt
    await routes.delete(tenant_conn, "R1", 2)
    for gone in (
        routes.get(tenant_conn, "R1"),
        routes.get(tenant_conn, "R1", 1),
        routes.update(tenant_conn, tenant.key, "R1", drawn(), None),
        routes.delete(tenant_conn, "R1", None),
    ):
        with pytest.raises(NotFoundError):
            await gone
    again = await routes.create(tenant_conn, tenant.key, "R1", drawn("Anew"))
    assert again.version == 3


async def test_what_was_planned_comes_back_as_it_was(
    tenant_conn: AnyConnection, tenant: Tenant
) -> None:
    given = RouteFields(
        name="Planned",
        line=LINE,
        points=3,
        length_m=118_000.0,
        source="osrm",
        duration_s=7200.5,
        sections=(Section(0, "expressway", 70.0), Section(1, None, None)),
        asked={"via": [{"lat": 19.0, "lon": 72.8}], "ignored": ["vehicle"]},
    )
    await routes.create(tenant_conn, tenant.key, "R1", given)

    found = await routes.get(tenant_conn, "R1")

    assert (found.sections, found.asked) == (given.sections, given.asked)
    assert (found.source, found.duration_s, found.line) == ("osrm", 7200.5, LINE)


async def test_a_version_cannot_be_changed_by_anybody_of_the_tenant(
    tenant_conn: AnyConnection, tenant: Tenant
) -> None:
    await routes.create(tenant_conn, tenant.key, "R1", drawn())

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await tenant_conn.execute("UPDATE route_versions SET line = ''")


async def test_routes_are_a_tenants_own(
    app: AnyPool, system: AnyPool, tenant: Tenant, other_tenant: Tenant
) -> None:
    for one in (tenant, other_tenant):
        async with as_tenant(app, one.key) as conn:
            await routes.create(conn, one.key, "R1", drawn(one.id))

    async with as_tenant(app, tenant.key) as conn:
        assert (await routes.get(conn, "R1")).name == tenant.id
        assert [head.name for head in await routes.list_page(conn, None, 10)] == [tenant.id]
    async with system.acquire() as conn:
        keys = [(one.key, RouteRef("R1", 1)) for one in (tenant, other_tenant)]
        found = await routes.lines(conn, [*keys, (tenant.key, RouteRef("R1", 2))])
    assert {key: route.name for key, route in found.items()} == {
        keys[0]: tenant.id,
        keys[1]: other_tenant.id,
    }


async def test_a_route_in_use_is_not_deleted(app: AnyPool, tenant: Tenant) -> None:
    truck_key = await add_truck(app, tenant, "T1")
    async with as_tenant(app, tenant.key) as conn:
        for route_id in ("MAIN", "OTHER", "FREE"):
            await routes.create(conn, tenant.key, route_id, drawn())
        terms = JourneyTerms(
            route=RouteRef("MAIN", 1), alternates=(RouteRef("OTHER", 1),), starts_at=START
        )
        await journeys.begin(conn, tenant.key, truck_key, "J1", terms)
        for route_id in ("MAIN", "OTHER"):
            with pytest.raises(InUseError, match="'J1'"):
                await routes.delete(conn, route_id, None)
        await routes.delete(conn, "FREE", None)
        await journeys.end(conn, "J1", "ended", None)
        await routes.delete(conn, "MAIN", None)

        heads = await routes.heads(conn, [RouteRef("MAIN", 1)])
        assert list(heads) == [RouteRef("MAIN", 1)], "what was driven stays explained"


async def test_a_route_that_is_being_assigned_is_not_deleted_meanwhile(
    app: AnyPool, system: AnyPool, tenant: Tenant
) -> None:
    truck_key = await add_truck(app, tenant, "T1")
    async with as_tenant(app, tenant.key) as conn:
        await routes.create(conn, tenant.key, "R1", drawn())

    async def delete() -> None:
        async with as_tenant(app, tenant.key) as conn:
            await routes.delete(conn, "R1", None)

    async with as_tenant(app, tenant.key) as conn:
        held = await routes.hold(conn, ["R1", "nothing"])
        deleting = asyncio.create_task(delete())
        await until_someone_waits(system)
        terms = JourneyTerms(route=held["R1"].ref, starts_at=START)
        await journeys.begin(conn, tenant.key, truck_key, "J1", terms)

    with pytest.raises(InUseError):
        await deleting
