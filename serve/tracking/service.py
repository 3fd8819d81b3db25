"""Where trucks are and were: last fixes from the database, the fleet at once from the shards."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import numpy.typing as npt

from freight.status import statuses
from freight.tracking.columns import LastArray
from geo.point import FloatArray
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.live.viewport import Bbox
from serve.problems import NotFoundError
from serve.tracking.areas import Near, select
from serve.tracking.wire import SINGLE_DIGITS, STATUS_NAMES, position_fields
from store import fixes, trucks
from store.directory import DirectoryEntry
from store.fixes import StoredFix


async def last_position(gateway: Gateway, who: Principal, truck_id: str) -> dict[str, Any]:
    async with gateway.one_question() as conn:
        fix = await fixes.last_fix_of(conn, who.tenant_key, truck_id, who.carrier)
    if fix is None:
        await truck_key(gateway, who, truck_id)
        raise NotFoundError(f"truck {truck_id!r} has no position yet")
    return position_fields(truck_id, fix, _now_ms(), gateway.policy_of(who).status)


async def truck_key(gateway: Gateway, who: Principal, truck_id: str) -> int:
    async with gateway.as_tenant(who) as conn:
        return (await trucks.get(conn, truck_id)).key


async def track_chunks(
    gateway: Gateway, who: Principal, key: int, *, from_ms: int, to_ms: int, limit: int
) -> AsyncIterator[list[StoredFix]]:
    """A track in pieces of a short transaction each, so that a long one holds no connection."""
    after_ms: int | None = None
    remaining = limit
    while remaining > 0:
        size = min(remaining, gateway.policy.api.track_chunk_fixes)
        async with gateway.as_tenant(who) as conn:
            chunk = await fixes.track(conn, key, from_ms, to_ms, size, after_ms)
        if chunk:
            yield chunk
        if len(chunk) < size:
            return
        after_ms = chunk[-1].ts_ms
        remaining -= len(chunk)


async def fleet_positions(
    gateway: Gateway,
    who: Principal,
    area: Bbox | Near | None,
    limit: int,
    after: str | None,
) -> tuple[list[dict[str, Any]], bool]:
    """At most `limit` positions, by id (near: by distance), and whether there are more."""
    everything = await gateway.actors.positions(who.tenant_key)
    inside, distance_m = select(everything, area)
    items = _items(gateway, who, inside, distance_m)
    if distance_m is None:
        items.sort(key=lambda item: str(item["id"]))
    if after is not None:
        items = list(itertools.dropwhile(lambda item: item["id"] <= after, items))
    return items[:limit], len(items) > limit


def _items(
    gateway: Gateway, who: Principal, inside: LastArray, distance_m: FloatArray | None
) -> list[dict[str, Any]]:
    """Column by column: row by row, ten thousand trucks would hold up everybody else."""
    known = gateway.directory.by_key
    entries = [known.get(key) for key in inside["truck_key"].tolist()]
    # Deleted trucks are unknown to the directory; the tenant is checked once more.
    names = [e.truck if e and _is_seen_by(who, e) else None for e in entries]
    now_ms, rules = _now_ms(), gateway.policy_of(who).status
    status = statuses(
        inside["ts_ms"],
        inside["speed_kmh"],
        now_ms=now_ms,
        moving_kmh_min=rules.moving_kmh_min,
        offline_after_s=rules.offline_after_s,
    )
    times = np.datetime_as_string(inside["ts_ms"].astype("datetime64[ms]"), unit="ms")
    columns = zip(
        names,
        times.tolist(),
        inside["lat"].tolist(),
        inside["lon"].tolist(),
        _known_singles(inside["speed_kmh"]),
        _known_singles(inside["heading_deg"]),
        [STATUS_NAMES[number] for number in status.tolist()],
        ((now_ms - inside["ts_ms"]) / 1000.0).tolist(),
        itertools.repeat(None) if distance_m is None else np.round(distance_m, 1).tolist(),
        strict=False,
    )
    return [
        {
            "id": name,
            "ts": f"{ts}Z",
            "lat": lat,
            "lon": lon,
            "point": {"lat": lat, "lon": lon},
            "speed_kmh": speed_kmh,
            "heading_deg": heading_deg,
            "status": status_name,
            "age_s": age_s,
            "distance_m": distance,
        }
        for name, ts, lat, lon, speed_kmh, heading_deg, status_name, age_s, distance in columns
        if name is not None
    ]


def _is_seen_by(who: Principal, truck: DirectoryEntry) -> bool:
    is_own = truck.tenant_key == who.tenant_key
    return is_own and (who.carrier is None or truck.carrier == who.carrier)


def _known_singles(values: npt.NDArray[np.float32]) -> list[float | None]:
    rounded = np.round(values.astype(np.float64), SINGLE_DIGITS).tolist()
    return [None if value != value else value for value in rounded]  # noqa: PLR0124 - NaN


def _now_ms() -> int:
    return int(time.time() * 1000)
