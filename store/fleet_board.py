"""The fleet as whoever gives it loads must see it: every truck in service, in one question."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import asyncpg
import msgspec

from freight.fleet.kyc import KycRules
from freight.fleet.papers import PERMITS, PaperKind, PaperRules, PapersHeld
from freight.fleet.ties import Tie, TieKind
from store.postgres import AnyConnection, epoch_ms, moment

NONE_HELD = PapersHeld()
COMBINATIONS_KEPT = 65536
MS_PER_S = 1000
Spans = tuple[tuple[int, int], ...]
_KINDS = sorted(PaperKind)


class BoardTruck(msgspec.Struct, frozen=True):
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
    driven: Spans


# Which of a truck's papers ends first, and when, as one number: smaller is sooner.
_ENDS = "(valid_until - date '2000-01-01') * 100 + array_position($4::text[], kind)"
_FIRST_DAY = date(2000, 1, 1)  # what the statement below counts from
_PER_DAY = 100
FREE_TRUCKS = f"""
    WITH paper AS (
        SELECT truck_key, bit_or(1 << array_position($4::text[], kind)) AS kinds,
            min({_ENDS}) FILTER (WHERE kind = ANY ($3)) AS first,
            min(valid_until) FILTER (WHERE kind = 'permit_national' AND $6) AS national_until,
            min(valid_until) FILTER (WHERE kind = 'permit_state' AND $7) AS state_until,
            max(states) FILTER (WHERE kind = 'permit_state') AS states
        FROM truck_papers WHERE tenant_key = $1 GROUP BY truck_key
    ), absence AS (
        SELECT truck_key, bool_or(from_ts <= $2) AS now, min(from_ts) AS since
        FROM truck_absences WHERE tenant_key = $1 AND (to_ts IS NULL OR to_ts > $2)
        GROUP BY truck_key
    ), document AS (
        SELECT carrier_id, min(valid_until) AS until
        FROM carrier_documents WHERE tenant_key = $1 AND kind = ANY ($5) GROUP BY carrier_id
    )
    SELECT k.key, k.id, k.truck_class, k.body, k.payload_kg, k.gvw_kg, k.capacity_t, k.home_lat,
        k.home_lon, k.carrier, p.kinds, p.first, p.national_until, p.state_until, p.states,
        a.since AS absent_from, c.kyc_state, e.until AS documents_until, d.id AS driver,
        d.key AS driver_key, d.duty_since IS NOT NULL AS on_duty, d.licence_valid_until,
        d.hazardous_valid_until
    FROM trucks k
        LEFT JOIN paper p ON p.truck_key = k.key
        LEFT JOIN absence a ON a.truck_key = k.key
        LEFT JOIN carriers c ON c.tenant_key = $1 AND c.id = k.carrier
        LEFT JOIN document e ON e.carrier_id = k.carrier
        LEFT JOIN drivers d ON d.tenant_key = $1 AND d.truck_key = k.key
    WHERE k.tenant_key = $1 AND k.deleted_at IS NULL AND a.now IS NOT TRUE
"""
# Of a truck with a driver: what that one drove, on whichever trucks. Seconds are exact in a double.
DRIVEN = """
    WITH trip AS (
        SELECT truck_key, from_ts, to_ts FROM spans
        WHERE tenant_key = $1 AND kind = 'trip' AND to_ts > $3
        UNION ALL SELECT truck_key, from_ts, to_ts FROM spans
        WHERE tenant_key = $1 AND kind = 'trip' AND to_ts IS NULL
    )
    SELECT d.truck_key, date_part('epoch', greatest(t.from_ts, u.from_ts)) AS since,
        date_part('epoch', least(coalesce(t.to_ts, $2), coalesce(u.to_ts, $2))) AS until
    FROM drivers d JOIN driver_turns u ON u.driver_key = d.key
        JOIN trip t ON t.truck_key = u.truck_key AND t.from_ts < coalesce(u.to_ts, $2)
            AND coalesce(t.to_ts, $2) > u.from_ts
    WHERE d.tenant_key = $1 AND d.truck_key IS NOT NULL AND (u.to_ts IS NULL OR u.to_ts > $3)
    UNION ALL
    SELECT t.truck_key, date_part('epoch', t.from_ts), date_part('epoch', coalesce(t.to_ts, $2))
    FROM trip t LEFT JOIN drivers d ON d.tenant_key = $1 AND d.truck_key = t.truck_key
    WHERE d.key IS NULL
"""


async def free_trucks(
    conn: AnyConnection,
    tenant_key: int,
    *,
    now_ms: int,
    driven_since_ms: int | None,
    papers: PaperRules,
    kyc: KycRules,
) -> list[BoardTruck]:
    """For SYSTEM: the tenant's trucks that are not out of service now, in no order.

    Whether one is promised to a load is not asked here: awards say that. What was driven of late
    costs more than all the rest; None leaves it out, for who keeps it from an earlier `driven`.
    """
    counted = sorted(papers.ending - PERMITS)
    rows = await conn.fetch(
        FREE_TRUCKS,
        *(tenant_key, moment(now_ms), counted, _KINDS, sorted(kyc.ending)),
        *(kind in papers.ending for kind in (PaperKind.PERMIT_NATIONAL, PaperKind.PERMIT_STATE)),
    )
    spans: dict[int, Spans] = {}
    if driven_since_ms is not None:
        spans = await driven(conn, tenant_key, now_ms, driven_since_ms)
    return [_truck(row, spans.get(row["key"], ())) for row in rows]


async def driven(
    conn: AnyConnection, tenant_key: int, now_ms: int, since_ms: int
) -> dict[int, Spans]:
    """For SYSTEM: by truck, the driving of its driver, or without one its own; unordered."""
    rows = await conn.fetch(DRIVEN, tenant_key, moment(now_ms), moment(since_ms))
    found: dict[int, list[tuple[int, int]]] = {}
    for truck_key, since_s, until_s in rows:
        span = (round(since_s * MS_PER_S), round(until_s * MS_PER_S))
        found.setdefault(truck_key, []).append(span)
    return {truck_key: tuple(spans) for truck_key, spans in found.items()}


async def ties(conn: AnyConnection, tenant_key: int) -> list[Tie]:
    """For SYSTEM: who may not, or alone may, drive for whom."""
    rows = await conn.fetch(
        "SELECT kind, carrier_id, shipper FROM carrier_ties WHERE tenant_key = $1", tenant_key
    )
    return [Tie(TieKind(row["kind"]), row["carrier_id"], row["shipper"]) for row in rows]


def _truck(row: asyncpg.Record, driven_of_late: Spans) -> BoardTruck:
    key, id_, truck_class, body, payload_kg, gvw_kg, capacity_t = row[:7]
    home_lat, home_lon, carrier, kinds, *ends, states, absent_from = row[7:16]
    kyc_state, documents_until, driver, driver_key, on_duty = row[16:21]
    licence_until, hazardous_until = row[21:]
    return BoardTruck(
        key,
        id_,
        truck_class,
        body,
        payload_kg,
        gvw_kg,
        capacity_t,
        None if home_lat is None else (home_lat, home_lon),
        NONE_HELD if kinds is None else _held(kinds, *ends, tuple(states or ())),
        None if absent_from is None else epoch_ms(absent_from),
        carrier,
        kyc_state,
        documents_until,
        driver,
        driver_key,
        None if driver_key is None else on_duty,
        licence_until,
        hazardous_until,
        driven_of_late,
    )


# Few combinations occur, each on many trucks.
@lru_cache(maxsize=COMBINATIONS_KEPT)
def _held(
    kinds: int,
    first: int | None,
    national_until: date | None,
    state_until: date | None,
    states: tuple[str, ...],
) -> PapersHeld:
    day, kind = (None, None) if first is None else divmod(first, _PER_DAY)
    return PapersHeld(
        kinds=frozenset(each for place, each in enumerate(_KINDS, start=1) if kinds >> place & 1),
        first=None if kind is None else _KINDS[kind - 1],
        until=None if day is None else _FIRST_DAY + timedelta(days=day),
        national_until=national_until,
        state_until=state_until,
        states=frozenset(states),
    )
