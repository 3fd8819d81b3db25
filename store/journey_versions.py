"""Every version of every journey by revision, as shards follow them (SYSTEM), and arrivals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from freight.events import TruckEvent
from freight.tracking.journeys import (
    UNKNOWN_ROAD,
    AllowedPlace,
    JourneyPlan,
    Line,
    PlannedStop,
    Stretch,
)
from freight.tracking.machines.following import ARRIVED
from freight.tracking.standing import CORRECTED, RETRACTED
from store import routes
from store.journeys import TERMS, Place, Stop, many, routes_in
from store.postgres import AnyConnection, epoch_ms, moment
from store.routes import RouteRef


@dataclass(frozen=True, slots=True)
class JourneyVersion:
    """One version as the shards follow it; without a plan the journey has ended."""

    tenant_key: int
    truck_key: int
    journey_id: str
    version: int
    revision: int
    valid_from_ms: int
    plan: JourneyPlan | None


async def changes_between(
    conn: AnyConnection,
    after: int,
    upto: int | None,
    ended_before_ms: int = 0,
    *,
    truck_key: int | None = None,
) -> list[JourneyVersion]:
    """Every version within these revisions, by revision, with the lines of its routes.

    For SYSTEM, and of all tenants' trucks, or of one truck. From 0 it is the whole past as of
    `upto` (None: as of now), without journeys that had ended before then, which no fix to come
    can be about.
    """
    rows = await conn.fetch(
        f"""
        SELECT * FROM (
            SELECT tenant_key, truck_key, journey_id, version, revision, valid_from, ended_at,
                {", ".join(TERMS)},
                max(ended_at) OVER (PARTITION BY tenant_key, journey_id) AS last_ended_at
            FROM journey_versions WHERE revision > $1 AND ($2::bigint IS NULL OR revision <= $2)
                AND ($4::bigint IS NULL OR truck_key = $4)
        ) told WHERE last_ended_at IS NULL OR last_ended_at >= $3 ORDER BY revision
        """,
        after,
        upto,
        moment(ended_before_ms),
        truck_key,
    )
    lines = await routes.lines(
        conn, [way for row in rows if row["ended_at"] is None for way in _ways_of(row)]
    )
    return [_version(row, lines) for row in rows]


async def note_arrivals(conn: AnyConnection, events: Sequence[TruckEvent]) -> None:
    """For TELEMETRY: which journeys' trucks have arrived, or after all not, by these facts."""
    # What is retracted comes first: another arrival may take its place.
    told: dict[tuple[int, str], datetime | None] = {}
    for event in events:
        if event.type == RETRACTED and event.data.get("replaces_type") == ARRIVED:
            told[event.tenant_key, event.data["journey"]] = None
    for event in events:
        is_back = event.type == CORRECTED and event.data.get("replaces_type") == ARRIVED
        if event.type == ARRIVED or is_back:
            told[event.tenant_key, event.data["journey"]] = moment(event.time_ms)
    if told:
        await conn.executemany(
            "UPDATE journeys SET arrived_at = $3 WHERE tenant_key = $1 AND id = $2",
            [(*key, told[key]) for key in sorted(told)],
        )


def _planned_stop(stop: Stop) -> PlannedStop:
    return PlannedStop(
        name=stop.name or stop.fence or "",
        lat=stop.lat,
        lon=stop.lon,
        radius_m=stop.radius_m,
        arrive_from_ms=None if stop.arrives_from is None else epoch_ms(stop.arrives_from),
        arrive_to_ms=None if stop.arrives_until is None else epoch_ms(stop.arrives_until),
        halt_s=stop.service_s,
    )


def _ways_of(row: asyncpg.Record) -> list[tuple[int, RouteRef]]:
    ways = routes_in(dict(row))
    return [(row["tenant_key"], ref) for ref in (ways["route"], *ways["alternates"])]


def _version(
    row: asyncpg.Record, lines: Mapping[tuple[int, RouteRef], routes.Route]
) -> JourneyVersion:
    return JourneyVersion(
        row["tenant_key"],
        row["truck_key"],
        row["journey_id"],
        row["version"],
        row["revision"],
        epoch_ms(row["valid_from"]),
        None if row["ended_at"] is not None else _plan(row, lines),
    )


def _plan(row: asyncpg.Record, lines: Mapping[tuple[int, RouteRef], routes.Route]) -> JourneyPlan:
    ways = routes_in(dict(row))

    def line(ref: RouteRef) -> Line:
        route = lines[row["tenant_key"], ref]
        roads = [(each.first, each.road_class) for each in route.sections or ()]
        return Line(
            route.line, tuple(Stretch(first, name or UNKNOWN_ROAD) for first, name in roads)
        )

    def ms(name: str) -> int | None:
        return None if row[name] is None else epoch_ms(row[name])

    return JourneyPlan(
        from_ms=epoch_ms(row["starts_at"]),
        route=line(ways["route"]),
        alternates=tuple(line(ref) for ref in ways["alternates"]),
        stops=tuple(_planned_stop(each) for each in many(row["stops"], Stop)),
        allowed=tuple(
            AllowedPlace(each.lat, each.lon, each.radius_m) for each in many(row["allowed"], Place)
        ),
        corridor_m=row["corridor_m"],
        start_by_ms=ms("departs_until"),
        promised_from_ms=ms("arrives_from"),
        promised_to_ms=ms("arrives_until"),
        paise_per_km=row["paise_per_km"],
        paise_per_hour=row["paise_per_hour"],
    )
