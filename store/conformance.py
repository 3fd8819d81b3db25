"""What a truck's device has sent in a span, counted by the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from freight.conformance import Figures, Percentiles
from store.postgres import AnyConnection, moment, one

# Optional fields of a fix, as they are stored.
OPTIONAL = (
    *("speed_kmh", "heading_deg", "accuracy_m", "altitude_m", "odometer_km", "hdop"),
    *("battery_v", "external_v", "fuel_pct", "seq", "satellites", "ignition"),
)


class TooManyFixesError(Exception):
    """More than are looked at in one question."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A truck's span of device time, and what is a gap in it."""

    truck_key: int
    truck: str
    from_ms: int
    to_ms: int
    gap_s: float
    parked_gap_s: float
    fixes_max: int


async def figures_of(conn: AnyConnection, asked: Asked) -> Figures:
    """For APP. Raises TooManyFixesError."""
    counted = await _fixes(conn, asked)
    if counted["fixes"] > asked.fixes_max:
        raise TooManyFixesError
    rejected = await conn.fetch(
        """
        SELECT reason, count(*) AS count FROM rejections
        WHERE tenant_key = (SELECT current_tenant_key()) AND truck = $1
            AND received_at >= $2 AND received_at < $3
        GROUP BY reason
        """,
        asked.truck,
        moment(asked.from_ms),
        moment(asked.to_ms),
    )
    last_day = (moment(asked.to_ms) - timedelta(milliseconds=1)).date()
    repeated = await conn.fetchval(
        """
        SELECT coalesce(sum(repeated), 0)::bigint FROM fix_repeats
        WHERE truck_key = $1 AND day BETWEEN $2 AND $3
        """,
        asked.truck_key,
        moment(asked.from_ms).date(),
        last_day,
    )
    return Figures(
        span_s=(asked.to_ms - asked.from_ms) / 1000.0,
        fixes=counted["fixes"],
        delay_s=Percentiles(*(counted["delay_s"] or (None, None, None))),
        late=counted["late"],
        repeated=repeated,
        rejected={row["reason"]: row["count"] for row in rejected},
        interval_s_p50=counted["interval_s"],
        gaps=counted["gaps"],
        gap_s_total=counted["gap_s_total"],
        gap_s_longest=counted["gap_s_longest"],
        accuracy_m=Percentiles(*(counted["accuracy_m"] or (None, None, None))),
        missing={name: counted[f"no_{name}"] for name in OPTIONAL},
    )


_MISSING = ", ".join(f"count(*) FILTER (WHERE {name} IS NULL) AS no_{name}" for name in OPTIONAL)


async def _fixes(conn: AnyConnection, asked: Asked) -> asyncpg.Record:
    """A parked truck's device may sleep: a pause counts against what was usual before it."""
    row = await conn.fetchrow(
        f"""
        WITH given AS (
            SELECT ts, received_at, {", ".join(OPTIONAL)} FROM fixes
            WHERE truck_key = $1 AND ts >= $2 AND ts < $3 ORDER BY ts LIMIT $6 + 1
        ), seen AS (
            SELECT *, extract(epoch FROM received_at - ts)::float8 AS delay_s,
                max(ts) OVER (ORDER BY received_at, ts
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) > ts AS is_late,
                extract(epoch FROM lead(ts) OVER by_time - ts)::float8 AS pause_s,
                CASE WHEN NOT coalesce(ignition, speed_kmh > 0, true) THEN $5::float8
                    ELSE $4::float8 END AS allowed_s
            FROM given WINDOW by_time AS (ORDER BY ts)
        )
        SELECT count(*) AS fixes,
            percentile_cont(ARRAY[0.05, 0.5, 0.95]) WITHIN GROUP (ORDER BY delay_s) AS delay_s,
            count(*) FILTER (WHERE is_late) AS late,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY pause_s) AS interval_s,
            count(*) FILTER (WHERE pause_s > allowed_s) AS gaps,
            coalesce(sum(pause_s) FILTER (WHERE pause_s > allowed_s), 0) AS gap_s_total,
            coalesce(max(pause_s) FILTER (WHERE pause_s > allowed_s), 0) AS gap_s_longest,
            percentile_cont(ARRAY[0.05, 0.5, 0.95]) WITHIN GROUP (ORDER BY accuracy_m::float8)
                AS accuracy_m,
            {_MISSING}
        FROM seen
        """,
        asked.truck_key,
        moment(asked.from_ms),
        moment(asked.to_ms),
        asked.gap_s,
        asked.parked_gap_s,
        asked.fixes_max,
    )
    return one(row)
