"""What lasted, read back for one truck: its trips, stops, visits and episodes, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import msgspec

from store.postgres import AnyConnection, epoch_ms, moment

COLUMNS = "kind, about, from_ts, to_ts, data, known_at"
STOP = "stop"
TIME_MS_MAX = 4_102_444_800_000  # fixed: the end of 2099, as for fixes


class StoredSpan(msgspec.Struct, frozen=True):
    kind: str
    about: str
    from_ms: int
    to_ms: int | None  # None: it goes on
    data: dict[str, Any]
    known_ms: int

    @property
    def place(self) -> Place:
        return Place(self.from_ms, self.kind, self.about)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one truck's span stands among its others."""

    from_ms: int
    kind: str
    about: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Of one truck; with an interval, what has any part of it."""

    truck_key: int
    kinds: tuple[str, ...] = ()  # none: all
    about: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None


async def list_page(
    conn: AnyConnection,
    wanted: Wanted,
    *,
    after: Place | None,
    limit: int,
    newest_first: bool,
    skip: int = 0,
) -> list[StoredSpan]:
    """By when they began, beginning behind `after`."""
    where, args = _conditions(wanted)
    if after is not None:
        first = len(args) + 1
        args += [moment(after.from_ms), after.kind, after.about]
        sign = "<" if newest_first else ">"
        where.append(f"(from_ts, kind, about) {sign} (${first}, ${first + 1}, ${first + 2})")
    way = "DESC" if newest_first else "ASC"
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM spans WHERE {' AND '.join(where)} "
        f"ORDER BY from_ts {way}, kind {way}, about {way} "
        f"LIMIT {int(limit)} OFFSET {int(skip)}",
        *args,
    )
    return [_span(row) for row in rows]


def _conditions(wanted: Wanted) -> tuple[list[str], list[object]]:
    where, args = ["truck_key = $1"], list[object]([wanted.truck_key])

    def require(condition: str, value: object | None) -> None:
        if value is not None:
            args.append(value)
            where.append(condition.replace("?", f"${len(args)}"))

    require("kind = ANY (?)", list(wanted.kinds) or None)
    require("about = ?", wanted.about)
    # What ended at the very beginning of the interval has no part of it, unless it took no time.
    begin = None if wanted.from_ms is None else moment(wanted.from_ms)
    require("(to_ts IS NULL OR to_ts > ? OR from_ts >= ?)", begin)
    require("from_ts < ?", None if wanted.to_ms is None else moment(wanted.to_ms))
    return where, args


@dataclass(frozen=True, slots=True)
class Box:
    """Degrees; west above east means that it crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float


async def stop_places(
    conn: AnyConnection, from_ms: int, to_ms: int, box: Box | None, limit: int
) -> list[tuple[float, float, float, int]]:
    """Where the trucks that the caller may see stood in [from, to): latitude, longitude, how many
    seconds of it, and in how many stops. Places nearer than some ten metres are one."""
    where = ""
    args: list[object] = [moment(from_ms), moment(to_ms)]
    if box is not None:
        between = "OR" if box.west > box.east else "AND"
        where = f"WHERE (lon >= $3 {between} lon <= $5) AND lat BETWEEN $4 AND $6"
        args += [box.west, box.south, box.east, box.north]
    rows = await conn.fetch(
        f"""
        SELECT lat, lon, extract(epoch FROM sum(stood))::float8, count(*) FROM (
            SELECT round((data->>'lat')::numeric, 4)::float8 AS lat,
                round((data->>'lon')::numeric, 4)::float8 AS lon,
                least(coalesce(to_ts, $2), $2) - greatest(from_ts, $1) AS stood
            FROM spans WHERE kind = '{STOP}' AND from_ts < $2 AND (to_ts IS NULL OR to_ts > $1)
        ) stops {where} GROUP BY lat, lon LIMIT {int(limit)}
        """,
        *args,
    )
    return [tuple(row) for row in rows]


async def stop_edges(
    conn: AnyConnection, truck_key: int, from_ms: int, to_ms: int
) -> Sequence[int]:
    """When stops of the truck began or ended, both ends of the interval included."""
    rows = await conn.fetch(
        """
        SELECT from_ts, to_ts FROM spans WHERE truck_key = $1 AND kind = $2
            AND from_ts <= $4 AND (to_ts IS NULL OR to_ts >= $3)
        """,
        truck_key,
        STOP,
        moment(from_ms),
        moment(to_ms),
    )
    edges = (edge for row in rows for edge in row if edge is not None)
    return [ms for ms in map(epoch_ms, edges) if from_ms <= ms <= to_ms]


def _span(row: asyncpg.Record) -> StoredSpan:
    kind, about, from_ts, to_ts, data, known_at = row
    to_ms = None if to_ts is None else epoch_ms(to_ts)
    return StoredSpan(kind, about, epoch_ms(from_ts), to_ms, data, epoch_ms(known_at))
