"""What lasts, as shards write it: begun, ended, mended when a late fix says otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
import msgspec

from freight.tracking.facts import Span, SpanKey
from store.postgres import AnyConnection, epoch_ms, moment


@dataclass(frozen=True, slots=True)
class TruckSpan:
    tenant_key: int
    truck_key: int
    span: Span


async def put(conn: AnyConnection, spans: Sequence[TruckSpan], known_at_ms: int) -> None:
    """A span that is there already is told anew; what is not said of its begin stays."""
    if not spans:
        return
    encode = msgspec.json.encode
    told = [each.span for each in spans]
    await conn.execute(
        """
        INSERT INTO spans AS s (tenant_key, truck_key, kind, about, data, begun, from_ts, to_ts,
            begun_at, ended_at, known_at)
        SELECT tenant_key, truck_key, kind, about, data::jsonb, begun::jsonb,
            'epoch'::timestamptz + from_ms * interval '1 ms',
            'epoch'::timestamptz + to_ms * interval '1 ms',
            'epoch'::timestamptz + begun_ms * interval '1 ms',
            'epoch'::timestamptz + ended_ms * interval '1 ms', $11
        FROM unnest($1::int[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[],
            $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[])
            AS g (tenant_key, truck_key, kind, about, data, begun, from_ms, to_ms, begun_ms,
                ended_ms)
        ON CONFLICT (truck_key, kind, about, from_ts) DO UPDATE SET data = excluded.data,
            begun = coalesce(excluded.begun, s.begun), to_ts = excluded.to_ts,
            begun_at = coalesce(s.begun_at, excluded.begun_at), ended_at = excluded.ended_at,
            known_at = excluded.known_at
        """,
        [each.tenant_key for each in spans],
        [each.truck_key for each in spans],
        [span.kind for span in told],
        [span.about for span in told],
        [encode(span.data).decode() for span in told],
        [None if span.begun is None else encode(span.begun).decode() for span in told],
        [span.from_ms for span in told],
        [span.to_ms for span in told],
        [span.begun_ms for span in told],
        [span.ended_ms for span in told],
        moment(known_at_ms),
    )


async def remove(conn: AnyConnection, keys: Sequence[tuple[int, SpanKey]]) -> None:
    """Spans that never were, by truck key and their own."""
    if not keys:
        return
    await conn.execute(
        """
        DELETE FROM spans s USING unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[])
            AS g (truck_key, kind, about, from_ts)
        WHERE s.truck_key = g.truck_key AND s.kind = g.kind AND s.about = g.about
            AND s.from_ts = g.from_ts
        """,
        [truck_key for truck_key, _ in keys],
        [kind for _, (kind, _, _) in keys],
        [about for _, (_, about, _) in keys],
        [moment(from_ms) for _, (_, _, from_ms) in keys],
    )


async def reaching(conn: AnyConnection, asked: dict[int, int]) -> dict[int, list[Span]]:
    """Truck key -> its spans that fixes from this device time on have begun or ended, or may."""
    rows = await conn.fetch(
        """
        SELECT truck_key, kind, about, from_ts, to_ts, data, begun_at, ended_at, begun
        FROM unnest($1::bigint[], $2::timestamptz[]) AS g (truck, since)
            JOIN spans ON truck_key = truck
                AND (ended_at IS NULL OR ended_at >= since OR begun_at >= since)
        """,
        list(asked),
        [moment(ms) for ms in asked.values()],
    )
    found: dict[int, list[Span]] = {key: [] for key in asked}
    for row in rows:
        found[row["truck_key"]].append(_span(row))
    return found


async def going_on(conn: AnyConnection, kind: str, truck_keys: Sequence[int]) -> dict[int, int]:
    """Truck key -> since when its span of this kind goes on."""
    rows = await conn.fetch(
        """
        SELECT truck_key, max(from_ts) AS since FROM spans
        WHERE kind = $1 AND to_ts IS NULL AND truck_key = ANY ($2) GROUP BY 1
        """,
        kind,
        truck_keys,
    )
    return {row["truck_key"]: epoch_ms(row["since"]) for row in rows}


def _span(row: asyncpg.Record) -> Span:
    return Span(
        row["kind"],
        row["about"],
        epoch_ms(row["from_ts"]),
        _ms(row, "to_ts"),
        row["data"],
        _ms(row, "begun_at"),
        _ms(row, "ended_at"),
        row["begun"],
    )


def _ms(row: asyncpg.Record, name: str) -> int | None:
    return None if row[name] is None else epoch_ms(row[name])
