"""The fleet as whoever gives it loads must see it: every truck in service, in one question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import asyncpg

from freight.fleet.kyc import KycRules
from freight.fleet.papers import PERMITS, PaperKind, PaperRules, PapersHeld
from freight.fleet.ties import Tie, TieKind
from store.postgres import AnyConnection, epoch_ms, moment

NONE_HELD = PapersHeld()
COMBINATIONS_KEPT = 4096


@dataclass(frozen=True, slots=True)
class BoardTruck:
    """A truck in service, with who drives it and whose it is."""

    key: int
    id: str
    truck_class: str | None
    body: str | None
    payload_kg: int | None  # these three: see freight.fleet.classes.payload_kg
    gvw_kg: int | None
    capacity_t: float | None
    home: tuple[float, float] | None
    papers: PapersHeld
    # When it is out of service next, if that is planned.
    absent_from_ms: int | None
    carrier: str | None
    kyc_state: str | None
    documents_until: date | None  # the first end of the carrier's that counts
    driver: str | None
    driver_key: int | None
    on_duty: bool | None  # None: nobody drives it
    licence_until: date | None
    hazardous_until: date | None
    # [from, to) of its driver's driving, or without one of its own, since the time asked for.
    driven: tuple[tuple[int, int], ...]


FREE_TRUCKS = """
    WITH paper AS (
        SELECT truck_key, array_agg(kind) AS kinds,
            (array_agg(kind ORDER BY valid_until, kind) FILTER (WHERE valid_until IS NOT NULL
                AND kind = ANY ($3) AND NOT kind = ANY ($4)))[1] AS first,
            min(valid_until) FILTER (WHERE kind = ANY ($3) AND NOT kind = ANY ($4)) AS until,
            min(valid_until) FILTER (WHERE kind = 'permit_national' AND kind = ANY ($3))
                AS national_until,
            min(valid_until) FILTER (WHERE kind = 'permit_state' AND kind = ANY ($3))
                AS state_until,
            max(states) FILTER (WHERE kind = 'permit_state') AS states
        FROM truck_papers WHERE tenant_key = $1 GROUP BY truck_key
    ), absence AS (
        SELECT truck_key, bool_or(from_ts <= $2) AS now, min(from_ts) AS since
        FROM truck_absences WHERE tenant_key = $1 AND (to_ts IS NULL OR to_ts > $2)
        GROUP BY truck_key
    ), document AS (
        SELECT carrier_id, min(valid_until) AS until
        FROM carrier_documents WHERE tenant_key = $1 AND kind = ANY ($5) GROUP BY carrier_id
    ), trip AS (
        SELECT truck_key, (extract(epoch FROM from_ts) * 1000)::bigint AS since,
            (extract(epoch FROM coalesce(to_ts, $2)) * 1000)::bigint AS until
        FROM (
            SELECT truck_key, from_ts, to_ts FROM spans
            WHERE tenant_key = $1 AND kind = 'trip' AND to_ts > $6
            UNION ALL SELECT truck_key, from_ts, to_ts FROM spans
            WHERE tenant_key = $1 AND kind = 'trip' AND to_ts IS NULL
        ) either
    ), own AS (
        SELECT truck_key, array_agg(since) AS since, array_agg(until) AS until
        FROM trip GROUP BY truck_key
    ), turn AS (
        SELECT driver_key, truck_key, (extract(epoch FROM from_ts) * 1000)::bigint AS since,
            (extract(epoch FROM coalesce(to_ts, $2)) * 1000)::bigint AS until
        FROM driver_turns WHERE tenant_key = $1 AND (to_ts IS NULL OR to_ts > $6)
    ), at_wheel AS (
        SELECT u.driver_key, array_agg(greatest(t.since, u.since)) AS since,
            array_agg(least(t.until, u.until)) AS until
        FROM turn u JOIN trip t ON t.truck_key = u.truck_key AND t.since < u.until
            AND t.until > u.since
        GROUP BY u.driver_key
    )
    SELECT k.key, k.id, k.truck_class, k.body, k.payload_kg, k.gvw_kg, k.capacity_t, k.home_lat,
        k.home_lon, k.carrier, p.kinds, p.first, p.until AS papers_until, p.national_until,
        p.state_until, p.states, a.since AS absent_from, c.kyc_state,
        e.until AS documents_until, d.id AS driver, d.key AS driver_key,
        d.duty_since IS NOT NULL AS on_duty, d.licence_valid_until, d.hazardous_valid_until,
        CASE WHEN d.key IS NULL THEN own.since ELSE w.since END AS driven_since,
        CASE WHEN d.key IS NULL THEN own.until ELSE w.until END AS driven_until
    FROM trucks k
        LEFT JOIN paper p ON p.truck_key = k.key
        LEFT JOIN absence a ON a.truck_key = k.key
        LEFT JOIN carriers c ON c.tenant_key = $1 AND c.id = k.carrier
        LEFT JOIN document e ON e.carrier_id = k.carrier
        LEFT JOIN drivers d ON d.tenant_key = $1 AND d.truck_key = k.key
        LEFT JOIN own ON own.truck_key = k.key
        LEFT JOIN at_wheel w ON w.driver_key = d.key
    WHERE k.tenant_key = $1 AND k.deleted_at IS NULL AND a.now IS NOT TRUE
"""


async def free_trucks(
    conn: AnyConnection,
    tenant_key: int,
    *,
    now_ms: int,
    driven_since_ms: int,
    papers: PaperRules,
    kyc: KycRules,
) -> list[BoardTruck]:
    """For SYSTEM: the tenant's trucks that are not out of service now, in no order.

    Whether one is promised to a load is not asked here: awards say that.
    """
    rows = await conn.fetch(
        FREE_TRUCKS,
        *(tenant_key, moment(now_ms), sorted(papers.ending), sorted(PERMITS)),
        *(sorted(kyc.ending), moment(driven_since_ms)),
    )
    return [_truck(row) for row in rows]


async def ties(conn: AnyConnection, tenant_key: int) -> list[Tie]:
    """For SYSTEM: who may not, or alone may, drive for whom."""
    rows = await conn.fetch(
        "SELECT kind, carrier_id, shipper FROM carrier_ties WHERE tenant_key = $1", tenant_key
    )
    return [Tie(TieKind(row["kind"]), row["carrier_id"], row["shipper"]) for row in rows]


def _truck(row: asyncpg.Record) -> BoardTruck:
    driver_key = row["driver_key"]
    absent_from, home_lat = row["absent_from"], row["home_lat"]
    return BoardTruck(
        key=row["key"],
        id=row["id"],
        truck_class=row["truck_class"],
        body=row["body"],
        payload_kg=row["payload_kg"],
        gvw_kg=row["gvw_kg"],
        capacity_t=row["capacity_t"],
        home=None if home_lat is None else (home_lat, row["home_lon"]),
        papers=NONE_HELD if row["kinds"] is None else _papers(row),
        absent_from_ms=None if absent_from is None else epoch_ms(absent_from),
        carrier=row["carrier"],
        kyc_state=row["kyc_state"],
        documents_until=row["documents_until"],
        driver=row["driver"],
        driver_key=driver_key,
        on_duty=None if driver_key is None else row["on_duty"],
        licence_until=row["licence_valid_until"],
        hazardous_until=row["hazardous_valid_until"],
        driven=tuple(zip(row["driven_since"] or (), row["driven_until"] or (), strict=True)),
    )


def _papers(row: asyncpg.Record) -> PapersHeld:
    first, states = row["first"], row["states"]
    return PapersHeld(
        kinds=_kinds(tuple(sorted(row["kinds"]))),
        first=None if first is None else PaperKind(first),
        until=row["papers_until"],
        national_until=row["national_until"],
        state_until=row["state_until"],
        states=_states(tuple(states)) if states else frozenset(),
    )


# Few combinations occur, each on thousands of trucks.
@lru_cache(maxsize=COMBINATIONS_KEPT)
def _kinds(kinds: tuple[str, ...]) -> frozenset[PaperKind]:
    return frozenset(map(PaperKind, kinds))


@lru_cache(maxsize=COMBINATIONS_KEPT)
def _states(states: tuple[str, ...]) -> frozenset[str]:
    return frozenset(states)
