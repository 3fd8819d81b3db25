"""Where trucks are: last fixes from the database, the fleet at once from the shards."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from freight.status import Status, statuses
from freight.tracking.columns import LastArray
from geo.point import FloatArray
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.live.viewport import Bbox
from serve.problems import NotFoundError
from serve.tracking.areas import Near, select
from serve.tracking.wire import STATUS_NAMES, known_singles, position_fields, times_of
from store import fixes, trucks
from store.directory import DirectoryEntry


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


async def fleet_positions(  # noqa: PLR0917 - what, how much, from where
    gateway: Gateway,
    who: Principal,
    area: Bbox | Near | None,
    limit: int,
    after: str | None,
    only: frozenset[Status] = frozenset(),
) -> tuple[list[dict[str, Any]], bool]:
    """At most `limit` positions, by id (near: by distance), and whether there are more."""
    found, distance_m = select(await gateway.actors.positions(who.tenant_key), area)
    if only:
        is_wanted = np.isin(_statuses(gateway, who, found, _now_ms()), list(only))
        found = found[is_wanted]
        distance_m = None if distance_m is None else distance_m[is_wanted]
    names = seen_rows(gateway, who, found)
    if distance_m is None:
        known = [(name, row) for row, name in names if after is None or name > after]
        rows = [row for _, row in sorted(known)[: limit + 1]]
    else:
        # The nearest come first: of a whole country only those that are asked for are looked up.
        rows = [row for row, _ in itertools.islice(names, limit + 1)]
    kept = np.array(rows[:limit], dtype=np.int64)
    distances = None if distance_m is None else distance_m[kept]
    return _items(gateway, who, found[kept], distances), len(rows) > limit


def seen_rows(gateway: Gateway, who: Principal, found: LastArray) -> Iterator[tuple[int, str]]:
    """Rows that the caller may see, with their trucks' ids.

    Deleted trucks are unknown to the directory; the tenant is checked once more.
    """
    known = gateway.directory.by_key
    for row, key in enumerate(found["truck_key"].tolist()):
        entry = known.get(key)
        if entry is not None and _is_seen_by(who, entry):
            yield row, entry.truck


def _statuses(
    gateway: Gateway, who: Principal, found: LastArray, now_ms: int
) -> npt.NDArray[np.uint8]:
    rules = gateway.policy_of(who).status
    return statuses(
        found["ts_ms"],
        found["speed_kmh"],
        now_ms=now_ms,
        moving_kmh_min=rules.moving_kmh_min,
        offline_after_s=rules.offline_after_s,
    )


def _items(
    gateway: Gateway, who: Principal, found: LastArray, distance_m: FloatArray | None
) -> list[dict[str, Any]]:
    """Column by column: row by row, ten thousand trucks would hold up everybody else."""
    known, now_ms = gateway.directory.by_key, _now_ms()
    columns = zip(
        [known[key].truck for key in found["truck_key"].tolist()],
        times_of(found["ts_ms"]),
        found["lat"].tolist(),
        found["lon"].tolist(),
        known_singles(found["speed_kmh"]),
        known_singles(found["heading_deg"]),
        [STATUS_NAMES[number] for number in _statuses(gateway, who, found, now_ms).tolist()],
        ((now_ms - found["ts_ms"]) / 1000.0).tolist(),
        itertools.repeat(None) if distance_m is None else np.round(distance_m, 1).tolist(),
        strict=False,
    )
    return [
        {
            "id": name,
            "ts": ts,
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
    ]


def _is_seen_by(who: Principal, truck: DirectoryEntry) -> bool:
    is_own = truck.tenant_key == who.tenant_key
    return is_own and (who.carrier is None or truck.carrier == who.carrier)


def _now_ms() -> int:
    return int(time.time() * 1000)
